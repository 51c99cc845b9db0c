import type { OnnxNode } from "@millrace/formats/onnx";
import { fail } from "@millrace/ir";
import { isStandard } from "./opsets.ts";

/** Why some operators, or all of a domain, have no place in a graph that computes the same numbers from tensors at every run. */
export const refusals: readonly (readonly [reason: string, hint: string, names: readonly string[]])[] = [
  [
    "its results are random",
    "Export the model for inference, or make the random numbers an input of the model.",
    ["Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"],
  ],
  [
    "it works on texts",
    "Cut the model after it, and turn texts into numbers before the model.",
    ["TfIdfVectorizer", "StringNormalizer", "StringConcat", "StringSplit", "RegexFullMatch"],
  ],
  ["it reads an encoded image", "Cut the model after it, and give the model the image's pixels.", ["ImageDecoder"]],
  ["it is a step of training", "Export the model for inference.", ["ai.onnx.preview.training"]],
  [
    "it belongs to classical machine learning, and operators of neural networks are what there is",
    "Export the model with standard operators, or cut the model before it.",
    ["ai.onnx.ml"],
  ],
];

/** Throws `onnx.unknown-operator` with the reason why there is no importer for the node's operator. */
export function refuseOperator({ opType, domain, outputs }: OnnxNode): never {
  const known = refusals.find(([, , names]) => names.includes(isStandard(domain) ? opType : domain));
  const operator = isStandard(domain) ? opType : `${opType} of ${domain}`;
  const makes = `(it makes "${outputs.filter((name) => name !== "").join('", "')}")`;
  const message = `the operator ${operator} is not supported ${makes}`;
  if (known) return fail("onnx.unknown-operator", `${message}: ${known[0]}`, { hint: known[1] });
  return fail("onnx.unknown-operator", message, {
    hint: isStandard(domain)
      ? "Export the model without it, written out in operators that are supported, or cut the model before it."
      : "Export the model with standard operators, or with the operator's definition as a function in the model.",
  });
}
