import type { JsonField } from "../json/json-field.ts";
import { decodeArgument } from "./argument.ts";
import type { GraphSignature, InputSpec, OutputSpec } from "./exported-program.ts";

type Reader<Spec> = (field: JsonField) => Spec;

const name = (field: JsonField): string => field.at("arg").at("name").string();

const inputs: ReadonlyMap<string, Reader<InputSpec>> = new Map<string, Reader<InputSpec>>([
  ["user_input", (field) => ({ kind: "userInput", value: decodeArgument(field.at("arg")) })],
  ["parameter", (field) => ({ kind: "parameter", value: name(field), target: field.at("parameter_name").string() })],
  ["buffer", decodeBuffer],
  [
    "tensor_constant",
    (field) => ({ kind: "tensorConstant", value: name(field), target: field.at("tensor_constant_name").string() }),
  ],
  [
    "custom_obj",
    (field) => ({ kind: "customObject", value: name(field), target: field.at("custom_obj_name").string() }),
  ],
  [
    "constant_input",
    (field) => ({
      kind: "constantInput",
      value: field.at("name").string(),
      constant: decodeArgument(field.at("value")),
    }),
  ],
  ["token", (field) => ({ kind: "token", value: name(field) })],
]);

const outputs: ReadonlyMap<string, Reader<OutputSpec>> = new Map<string, Reader<OutputSpec>>([
  ["user_output", (field) => ({ kind: "userOutput", value: decodeArgument(field.at("arg")) })],
  ["loss_output", (field) => ({ kind: "loss", value: name(field) })],
  ["buffer_mutation", targeted("bufferMutation", "buffer_name")],
  ["parameter_mutation", targeted("parameterMutation", "parameter_name")],
  ["user_input_mutation", targeted("userInputMutation", "user_input_name")],
  ["gradient_to_parameter", targeted("parameterGradient", "parameter_name")],
  ["gradient_to_user_input", targeted("userInputGradient", "user_input_name")],
  ["token", (field) => ({ kind: "token", value: name(field) })],
]);

/** What inputs and outputs are. Throws FormatError `pt2.malformed`, `pt2.unknown-argument` for what only a newer schema has. */
export function decodeSignature(field: JsonField): GraphSignature {
  return {
    inputs: field.at("input_specs").list((spec) => decodeSpec(spec, inputs)),
    outputs: field.at("output_specs").list((spec) => decodeSpec(spec, outputs)),
  };
}

function decodeSpec<Spec>(field: JsonField, readers: ReadonlyMap<string, Reader<Spec>>): Spec {
  const [tag, value] = field.tagged();
  const read = readers.get(tag);
  return read === undefined
    ? field.fail(`is of the unknown kind ${tag.slice(0, 100)}`, "unknown-argument")
    : read(value);
}

/** Before schema 4 all buffers were persistent. */
function decodeBuffer(field: JsonField): InputSpec {
  const persistent = field.at("persistent").optional((flag) => flag.boolean()) ?? true;
  return { kind: "buffer", value: name(field), target: field.at("buffer_name").string(), persistent };
}

function targeted(kind: Extract<OutputSpec, { readonly target: string }>["kind"], target: string): Reader<OutputSpec> {
  return (field) => ({ kind, value: name(field), target: field.at(target).string() });
}
