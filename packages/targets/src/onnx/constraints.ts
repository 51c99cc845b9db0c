import type { Diagnostic, Node } from "@millrace/ir";
import {
  batchNorm,
  dequantize,
  localResponseNormalization,
  lstm,
  nonMaxSuppression,
  type OpName,
  pad,
  quantize,
  reshape,
  spaceToDepth,
} from "@millrace/ops";
import type { OnnxLowering, Unsupported } from "./emitter.ts";
import { onnxLowerings } from "./ops.ts";
import { isHardSuppression } from "./selection.ts";

/** What this writer can't express: a sentence for people, and the test that finds it. */
const constraints: readonly (readonly [sentence: string, violated: (node: Node) => boolean])[] = [
  [
    "integers that stand for reals are only written as QuantizeLinear and DequantizeLinear",
    (node) =>
      node.op !== quantize &&
      node.op !== dequantize &&
      [...node.inputs, ...node.outputs].some((value) => value?.type.quantization && value.producer?.op !== quantize),
  ],
  [
    "channels are on axis 1 in a BatchNormalization",
    (node) => node.op === batchNorm && batchNorm.attributesOf(node).axis !== 1,
  ],
  ["an LSTM with a clipped cell has no ONNX form", (node) => node.op === lstm && lstm.attributesOf(node).cellClip > 0],
  [
    "a response is normalized by as many channels after it as before it, or one more",
    (node) => node.op === localResponseNormalization && !isCentred(node),
  ],
  [
    "integers of 2 bits are in no opset up to 21",
    (node) => [...node.inputs, ...node.outputs].some((value) => ["i2", "u2"].includes(value?.type.dtype ?? "")),
  ],
  [
    "overlapping boxes are suppressed by a constant threshold above 0, and lower no scores",
    (node) => node.op === nonMaxSuppression && !isHardSuppression(node),
  ],
  ["symmetric padding has no ONNX form", (node) => node.op === pad && pad.attributesOf(node).mode === "symmetric"],
  [
    "channels come last in an operator that ONNX has only channel-first",
    (node) => node.attributes["layout"] === "last",
  ],
  [
    "SpaceToDepth puts the block before the channels",
    (node) => node.op === spaceToDepth && spaceToDepth.attributesOf(node).order === "columnFirst",
  ],
  [
    "at most one size is open in a reshape, and none in other operators but those whose data decides it",
    (node) => !node.op.largest && openSizes(node) > (node.op === reshape ? 1 : 0),
  ],
];

function isCentred(node: Node): boolean {
  const { before, after } = localResponseNormalization.attributesOf(node);
  return after === before || after === before + 1;
}

function openSizes(node: Node): number {
  return Object.values(node.attributes)
    .filter((attribute) => Array.isArray(attribute))
    .flat()
    .filter((size) => typeof size === "string").length;
}

/** Everything about a node that can't be written. */
export function onnxProblems(node: Node): readonly Diagnostic[] {
  const lowering: OnnxLowering | Unsupported = onnxLowerings[node.op.name as OpName];
  const violated = constraints.filter(([, test]) => test(node)).map(([sentence]) => sentence);
  return [...("unsupported" in lowering ? [lowering.unsupported] : []), ...violated].map((sentence) => ({
    code: "onnx.not-expressible",
    severity: "error",
    message: `${node.name} (${node.op.name}) can't be written as ONNX: ${sentence}`,
    at: { node: node.name },
    hint: "choose another target, or remove the operator from the model",
  }));
}
