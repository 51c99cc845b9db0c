import { type OnnxModel, readOnnx, writeOnnx } from "@millrace/formats/onnx";
import {
  activationFunctions,
  builtinOperators,
  paddings,
  readTflite,
  type TfliteModel,
  tensorTypes,
  writeTflite,
} from "@millrace/formats/tflite";
import { mutatePlain, type Vocabulary } from "./mutate-plain.ts";
import { Random } from "./random.ts";
import type { FuzzSource } from "./sources.ts";

/** Ways to damage a file: end it early, flip bits of one to four bytes, or change one field of the model in it. */
export type Mutation = "truncate" | "flip" | "field";

/** The bytes of one case; the same for the same arguments. Undefined where a changed model can't be written. */
export function mutated(source: FuzzSource, mutation: Mutation, index: number): Uint8Array | undefined {
  const random = new Random(index);
  if (mutation === "truncate") return source.bytes.slice(0, index);
  if (mutation === "flip") return flipped(source.bytes, random);
  try {
    return withOtherField(source, random);
  } catch {
    return undefined;
  }
}

function flipped(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = bytes.slice();
  for (let count = 1 + random.below(4); count > 0; count--) copy[random.below(copy.length)] ^= 1 << random.below(8);
  return copy;
}

const tfliteTexts: Vocabulary = {
  type: Object.keys(tensorTypes),
  builtinCode: Object.keys(builtinOperators),
  padding: Object.keys(paddings),
  fusedActivationFunction: Object.keys(activationFunctions),
};

const onnxTexts: Vocabulary = {
  opType: ["Add", "Clip", "Conv", "Expand", "Flatten", "Gather", "MatMul", "Pad", "Reshape", "Resize", "Slice", "Tile"],
};

function withOtherField({ name, bytes }: FuzzSource, random: Random): Uint8Array {
  if (name.endsWith(".onnx")) return writeOnnx(mutatePlain<OnnxModel>(readOnnx(bytes), onnxTexts, random));
  return writeTflite(mutatePlain<TfliteModel>(readTflite(bytes), tfliteTexts, random));
}
