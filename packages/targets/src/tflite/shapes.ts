import type { BuiltinOperatorName } from "@millrace/formats/tflite";
import { fromNumbers, integerRange, isStatic, type Value } from "@millrace/ir";
import {
  type argMax,
  concat,
  cumulativeSum,
  depthToSpace,
  expand,
  gather,
  gatherBatched,
  type mean,
  pad,
  reshape,
  scatterNd,
  slice,
  spaceToDepth,
  split,
  tile,
  topK,
  transpose,
} from "@millrace/ops";
import { tensorTypeNames } from "./element-types.ts";
import { integer, integers, type Lowering, type TensorOperand } from "./lowering.ts";
import { repeatsOf, spelledShape } from "./open-sizes.ts";

/** The nearest stored number of a quantized value's type, or the number itself. */
export function storedNumber({ dtype, quantization }: Value["type"], real: number): number {
  if (quantization === undefined) return real;
  const [low, high] = integerRange(dtype);
  const steps = real / quantization.scale[0];
  const rounded = Math.sign(steps) * Math.floor(Math.abs(steps) + 0.5);
  return Math.min(high, Math.max(low, rounded + quantization.zeroPoint[0]));
}

export const lowerReshape: Lowering = (node) => {
  const shape = spelledShape(reshape.attributesOf(node).shape);
  return {
    builtin: "RESHAPE",
    operands: [node.inputs[0], integers(shape)],
    options: { kind: "ReshapeOptions", newShape: shape },
  };
};

export const lowerTranspose: Lowering = (node) => ({
  builtin: "TRANSPOSE",
  operands: [node.inputs[0], integers(transpose.attributesOf(node).permutation)],
});

export const lowerConcat: Lowering = (node) => ({
  builtin: "CONCATENATION",
  operands: node.inputs,
  options: { kind: "ConcatenationOptions", axis: concat.attributesOf(node).axis },
});

/** Equal parts are a SPLIT, others a SPLIT_V. */
export const lowerSplit: Lowering = (node) => {
  const { axis, sizes } = split.attributesOf(node);
  const [x] = node.inputs;
  const numSplits = sizes.length;
  return sizes.every((size) => size === sizes[0])
    ? { builtin: "SPLIT", operands: [integer(axis), x], options: { kind: "SplitOptions", numSplits } }
    : {
        builtin: "SPLIT_V",
        operands: [x, integers(sizes), integer(axis)],
        options: { kind: "SplitVOptions", numSplits },
      };
};

/** Neighbouring elements are a SLICE. Backwards to the first element, and where a size is open, there is no end to name, so the mask opens it. */
export const lowerSlice: Lowering = (node) => {
  const { starts, sizes, steps } = slice.attributesOf(node);
  const [begin, count] = [starts as readonly number[], spelledShape(sizes)];
  const [x] = node.inputs;
  if (steps.every((step) => step === 1)) {
    return { builtin: "SLICE", operands: [x, integers(begin), integers(count)], options: { kind: "SliceOptions" } };
  }
  const ends = begin.map((start, axis) => {
    if (count[axis] < 0) return -1;
    const last = start + (count[axis] - 1) * steps[axis];
    return count[axis] === 0 ? start : last + Math.sign(steps[axis]);
  });
  const endMask = ends.reduce((mask, end, axis) => (end < 0 ? mask | (1 << axis) : mask), 0);
  return {
    builtin: "STRIDED_SLICE",
    operands: [x, integers(begin), integers(ends.map((end) => Math.max(0, end))), integers(steps)],
    options: { kind: "StridedSliceOptions", endMask },
  };
};

/** PAD adds zeros (zero points where quantized), PADV2 another value, MIRROR_PAD copies. */
export const lowerPad: Lowering = (node) => {
  const { before, after, mode, value } = pad.attributesOf(node);
  const { x } = pad.inputsOf(node);
  const counts = before.flatMap((count, axis) => [count, after[axis]]);
  const paddings = { kind: "integers", values: counts, shape: [before.length, 2] } as const;
  if (mode === "constant") {
    return value === 0
      ? { builtin: "PAD", operands: [x, paddings] }
      : { builtin: "PADV2", operands: [x, paddings, paddingValue(x, value)] };
  }
  const mirrored = mode === "reflect" ? "REFLECT" : "SYMMETRIC";
  return { builtin: "MIRROR_PAD", operands: [x, paddings], options: { kind: "MirrorPadOptions", mode: mirrored } };
};

/** The constant that an axis is padded with. */
export function paddingValue({ name, type }: Value, value: number): TensorOperand {
  const { dtype, quantization } = type;
  const tensor = fromNumbers(dtype, [], [storedNumber(type, value)]);
  return { kind: "tensor", name: `${name}/padding`, tensor, ...(quantization && { quantization }) };
}

export const lowerGather: Lowering = (node) => ({
  builtin: "GATHER",
  operands: node.inputs,
  options: { kind: "GatherOptions", axis: gather.attributesOf(node).axis },
});

export const lowerGatherBatched: Lowering = (node) => {
  const { axis, batchAxes } = gatherBatched.attributesOf(node);
  return { builtin: "GATHER", operands: node.inputs, options: { kind: "GatherOptions", axis, batchDims: batchAxes } };
};

export const lowerScatterNd: Lowering = (node) => ({
  builtin: "SCATTER_ND",
  operands: [...node.inputs, integers(scatterNd.attributesOf(node).shape as readonly number[])],
});

/** Along the last axis. */
export const lowerTopK: Lowering = (node) => ({
  builtin: "TOPK_V2",
  operands: [node.inputs[0], integer(topK.attributesOf(node).k)],
  options: { kind: "TopKV2Options" },
});

export const lowerCumulativeSum: Lowering = (node) => {
  const { axis, exclusive, reverse } = cumulativeSum.attributesOf(node);
  return {
    builtin: "CUMSUM",
    operands: [node.inputs[0], integer(axis)],
    options: { kind: "CumsumOptions", exclusive, reverse },
  };
};

/** Where a size is open, the others are repeated instead. */
export const lowerExpand: Lowering = (node) => {
  const [x] = node.inputs;
  const { shape } = expand.attributesOf(node);
  return isStatic(shape)
    ? { builtin: "BROADCAST_TO", operands: [x, integers(shape)] }
    : { builtin: "TILE", operands: [x, integers(repeatsOf(node)!)] };
};

export const lowerTile: Lowering = (node) => ({
  builtin: "TILE",
  operands: [node.inputs[0], integers(tile.attributesOf(node).repeats)],
});

export function reduction(builtin: BuiltinOperatorName, op: typeof mean): Lowering {
  return (node) => {
    const { axes, keepDims } = op.attributesOf(node);
    return { builtin, operands: [node.inputs[0], integers(axes)], options: { kind: "ReducerOptions", keepDims } };
  };
}

export function argument(
  builtin: BuiltinOperatorName,
  kind: "ArgMaxOptions" | "ArgMinOptions",
  op: typeof argMax,
): Lowering {
  return (node) => {
    const { axis, to } = op.attributesOf(node);
    return { builtin, operands: [node.inputs[0], integer(axis)], options: { kind, outputType: tensorTypeNames[to] } };
  };
}

export const lowerDepthToSpace: Lowering = (node) => ({
  builtin: "DEPTH_TO_SPACE",
  operands: node.inputs,
  options: { kind: "DepthToSpaceOptions", blockSize: depthToSpace.attributesOf(node).block },
});

export const lowerSpaceToDepth: Lowering = (node) => ({
  builtin: "SPACE_TO_DEPTH",
  operands: node.inputs,
  options: { kind: "SpaceToDepthOptions", blockSize: spaceToDepth.attributesOf(node).block },
});

/** The whole shape, which is not known before the model runs. */
export const lowerShapeOf: Lowering = ({ inputs }) => ({
  builtin: "SHAPE",
  operands: inputs,
  options: { kind: "ShapeOptions", outType: "INT64" },
});
