import { type Diagnostic, isBounded, type Node, type Operator, type SizeBounds, type Value } from "@millrace/ir";
import {
  averagePool2d,
  batchNorm,
  dequantize,
  type OpName,
  pad,
  quantize,
  reduceMax,
  reduceMin,
  reshape,
  resize,
  transposeConv2d,
} from "@millrace/ops";
import { bodiesFit } from "./control-flow.ts";
import { scalarTypeNames } from "./edge-program.ts";
import type { EdgeLowering, Unsupported } from "./emitter.ts";
import { outputPadding } from "./layers.ts";
import { edgeLowerings } from "./ops.ts";
import { mirroredAxes } from "./shapes.ts";
import { fitsPool } from "./spell/images.ts";

/** What an Edge program can't say: a sentence for people, and the test that finds it. Each may rely on those before it. */
const constraints: readonly (readonly [sentence: string, violated: (node: Node, bounds: SizeBounds) => boolean])[] = [
  ["its sizes are open, and nothing tells how large they may become", opensSizes],
  [
    "ExecuTorch has no integers of 2 or 4 bits",
    ({ inputs, outputs }) =>
      [...inputs, ...outputs].some((value) => value && !Object.hasOwn(scalarTypeNames, value.type.dtype)),
  ],
  ["ExecuTorch's kernels compute no unsigned integers of 16 bits or more", computesUnsigned],
  [
    "ExecuTorch finds no greatest or least of no elements",
    ({ op, inputs }) => (op === reduceMax || op === reduceMin) && inputs[0]!.type.shape.includes(0),
  ],
  ["bodies of branches and loops take and give tensors of the types that these do", (node) => !bodiesFit(node)],
  [
    "channels come last in an operator that is there only channel-first",
    (node) => node.attributes["layout"] === "last",
  ],
  [
    "scales of blocks have no operator in ExecuTorch's quantized kernels",
    (node) => node.op === dequantize && dequantize.inputsOf(node).x.type.quantization?.block !== undefined,
  ],
  [
    "channels are on axis 1 in a batch normalization",
    (node) => node.op === batchNorm && batchNorm.attributesOf(node).axis !== 1,
  ],
  [
    "images are resized to the nearest pixel from their corner, or bilinearly",
    (node) => node.op === resize && !isKnownResize(node),
  ],
  [
    "a mean over images of open sizes is padded by as much before as behind",
    (node) => node.op === averagePool2d && !isKnownMean(node),
  ],
  [
    "padding by mirrored or repeated pixels is over the last one to three axes",
    (node) => node.op === pad && !isKnownPadding(node),
  ],
  [
    "a transposed convolution is cropped by as much before as behind, but for less than a stride",
    (node) => node.op === transposeConv2d && !isKnownCrop(node),
  ],
];

const moving: readonly Operator[] = [reshape, quantize, dequantize];

function computesUnsigned({ op, inputs, outputs }: Node): boolean {
  const isWide = (value: Value | undefined) => value !== undefined && /^u(16|32|64)$/.test(value.type.dtype);
  return !moving.includes(op) && [...inputs, ...outputs].some(isWide);
}

/** Whether open sizes come up here: nodes that only read what another one left open are no problem of their own. */
function opensSizes({ inputs, outputs }: Node, bounds: SizeBounds): boolean {
  const isOpen = (value: Value | undefined) => value !== undefined && !isBounded(value.type.shape, bounds);
  const isGivenOpen = inputs.some((value) => isOpen(value) && value?.producer === undefined);
  return isGivenOpen || (outputs.some(isOpen) && !inputs.some(isOpen));
}

function isKnownResize(node: Node): boolean {
  const { mode, coordinates, nearestRounding } = resize.attributesOf(node);
  return mode === "nearest"
    ? coordinates === "asymmetric" && nearestRounding === "floor"
    : coordinates !== "asymmetric";
}

function isKnownMean(node: Node): boolean {
  const { padding, kernel } = averagePool2d.attributesOf(node);
  return fitsPool(padding, kernel);
}

function isKnownPadding(node: Node): boolean {
  const { mode, before, after } = pad.attributesOf(node);
  return mode === "constant" || (mode !== "symmetric" && mirroredAxes(before, after) > 0);
}

function isKnownCrop(node: Node): boolean {
  const { stride, dilation } = transposeConv2d.attributesOf(node);
  return outputPadding(node).every((count, side) => count >= 0 && count < Math.max(stride[side], dilation[side]));
}

/** Everything about a node that can't be written. */
export function edgeProblems(node: Node, bounds: SizeBounds): readonly Diagnostic[] {
  const lowering: EdgeLowering | Unsupported = edgeLowerings[node.op.name as OpName];
  const violated = constraints.find(([, test]) => test(node, bounds))?.[0];
  const sentence = "unsupported" in lowering ? lowering.unsupported : violated;
  if (sentence === undefined) return [];
  return [
    {
      code: "executorch.not-expressible",
      severity: "error",
      message: `${node.name} (${node.op.name}) can't be written for ExecuTorch: ${sentence}`,
      at: { node: node.name },
      hint: "choose another target, or remove the operator from the model",
    },
  ];
}
