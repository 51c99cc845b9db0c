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
import { readZip, writeZip } from "@millrace/formats/zip";
import { type Grammar, mutatePlain } from "./mutate-plain.ts";
import { Random } from "./random.ts";
import type { FuzzSource } from "./sources.ts";

/** Ways to damage a file: end it early, flip bits of one to four bytes, or change one field of the model in it. */
export type Mutation = "truncate" | "flip" | "field";

const mostAttempts = 10;

/** The bytes of one case; the same for the same arguments. Undefined where no changed model can be written. */
export function mutated(source: FuzzSource, mutation: Mutation, index: number): Uint8Array | undefined {
  const random = new Random(index * 65_537 + source.bytes.length);
  if (mutation === "truncate") return source.bytes.slice(0, index);
  if (mutation === "flip") return flipped(source.bytes, random);
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    try {
      return withOtherField(source, random);
    } catch {}
  }
  return undefined;
}

function flipped(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = bytes.slice();
  for (let count = 1 + random.below(4); count > 0; count--) copy[random.below(copy.length)] ^= 1 << random.below(8);
  return copy;
}

const tflite: Grammar = {
  texts: {
    type: Object.keys(tensorTypes),
    builtinCode: Object.keys(builtinOperators),
    padding: Object.keys(paddings),
    fusedActivationFunction: Object.keys(activationFunctions),
  },
  decisive:
    /^\.(subgraphs\[\]\.(inputs|outputs|tensors|operators)|buffers|operatorCodes\[\]\.builtin)(?!.*\.(name|hasRank|externalBuffer|customOptionsFormat|debugMetadataIndex)$)/,
};

const onnx: Grammar = {
  decisive: /^\.(graph\.(nodes|inputs|outputs|initializers)|opset)(?!.*docString)/,
  texts: {
    opType: [
      "Add",
      "Clip",
      "Conv",
      "Expand",
      "Flatten",
      "Gather",
      "MatMul",
      "Pad",
      "Reshape",
      "Resize",
      "Slice",
      "Tile",
    ],
  },
};

const pt2: Grammar = {
  decisive: /^\.graph_module\.(graph\.(inputs|outputs|nodes)|signature)(?!.*metadata)/,
  texts: {
    target: ["add.Tensor", "cat.default", "linear.default", "relu_.default", "view.default"].map(
      (name) => `torch.ops.aten.${name}`,
    ),
  },
};

function withOtherField({ name, bytes }: FuzzSource, random: Random): Uint8Array {
  if (name.endsWith(".pt2")) return withOtherProgram(bytes, random);
  if (name.endsWith(".onnx")) return writeOnnx(mutatePlain<OnnxModel>(readOnnx(bytes), onnx, random));
  return writeTflite(mutatePlain<TfliteModel>(readTflite(bytes), tflite, random));
}

/** The archive with a field changed in its program, which is JSON. */
function withOtherProgram(bytes: Uint8Array, random: Random): Uint8Array {
  const members = new Map([...readZip(bytes).values()].map((member) => [member.name, member.bytes()]));
  const [name, program] = [...members].find(([name]) =>
    /(^|\/)(models\/.*|serialized_exported_program)\.json$/.test(name),
  )!;
  const changed = mutatePlain<object>(JSON.parse(new TextDecoder().decode(program)), pt2, random);
  return writeZip(members.set(name, new TextEncoder().encode(JSON.stringify(changed))));
}
