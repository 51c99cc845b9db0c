import { type DType, entryShape, fromNumbers, zeros } from "@millrace/ir";
import {
  argMax,
  cast,
  concat,
  cumulativeSum,
  dequantize,
  expand,
  gather,
  gatherNd,
  l2Normalize,
  mean,
  pad,
  quantize,
  reshape,
  scatterNd,
  shapeOf,
  slice,
  split,
  tile,
  topK,
  transpose,
} from "@millrace/ops";
import { dataTypeCodes, type OnnxLowering } from "./emitter.ts";

export function lowerReduction(opType: string): OnnxLowering {
  return (node, emit, outputs) => {
    const { axes, keepDims } = mean.attributesOf(node);
    emit.reduction(opType, emit.read(node.inputs[0]), axes, keepDims, outputs);
  };
}

/** ONNX reduces no truth values before opset 20, but the integers 0 and 1. */
export function lowerTruthReduction(opType: "ReduceMin" | "ReduceMax"): OnnxLowering {
  return (node, emit, outputs) => {
    const { axes, keepDims } = mean.attributesOf(node);
    const whole = emit.node("Cast", [emit.read(node.inputs[0])], { to: dataTypeCodes.i32 });
    const reduced = emit.reduction(opType, whole, axes, keepDims);
    emit.node("Cast", [reduced], { to: dataTypeCodes.bool }, outputs);
  };
}

/** One open dimension can be written as -1; the graph's constraints allow no more. */
export const lowerReshape: OnnxLowering = (node, emit, outputs) => {
  const { shape } = reshape.attributesOf(node);
  const sizes = shape.map((size) => (typeof size === "number" ? size : -1));
  const attributes = { allowzero: Number(sizes.includes(0)) };
  emit.node("Reshape", [emit.read(node.inputs[0]), emit.integers("shape", sizes)], attributes, outputs);
};

export const lowerTranspose: OnnxLowering = (node, emit, outputs) => {
  emit.node("Transpose", [emit.read(node.inputs[0])], { perm: transpose.attributesOf(node).permutation }, outputs);
};

export const lowerConcat: OnnxLowering = (node, emit, outputs) => {
  emit.node(
    "Concat",
    node.inputs.map((value) => emit.read(value)),
    { axis: concat.attributesOf(node).axis },
    outputs,
  );
};

export const lowerSplit: OnnxLowering = (node, emit, outputs) => {
  const { axis, sizes } = split.attributesOf(node);
  emit.node("Split", [emit.read(node.inputs[0]), emit.integers("split", sizes)], { axis }, outputs);
};

/** A range that runs backwards past the first element ends at the least int64 that ONNX clamps. */
export const lowerSlice: OnnxLowering = (node, emit, outputs) => {
  const { starts, sizes, steps } = slice.attributesOf(node);
  const axes = starts.map((_, axis) => axis);
  const ends = axes.map((axis) => {
    const end = (starts[axis] as number) + (sizes[axis] as number) * steps[axis];
    return end < 0 ? -(2 ** 31) : end;
  });
  const parts = [starts as readonly number[], ends, axes, steps].map((values) => emit.integers("slice", values));
  emit.node("Slice", [emit.read(node.inputs[0]), ...parts], {}, outputs);
};

export const lowerPad: OnnxLowering = (node, emit, outputs) => {
  const { before, after, mode, value } = pad.attributesOf(node);
  const [x] = node.inputs;
  const fill = mode === "constant" ? [emit.constant("fill", fromNumbers(x!.type.dtype, [], [value]))] : [];
  emit.node("Pad", [emit.read(x), emit.integers("pads", [...before, ...after]), ...fill], { mode }, outputs);
};

export const lowerGather: OnnxLowering = (node, emit, outputs) => {
  emit.node(
    "Gather",
    node.inputs.map((value) => emit.read(value)),
    { axis: gather.attributesOf(node).axis },
    outputs,
  );
};

/** ONNX's indices are int64 here. */
export const lowerGatherNd: OnnxLowering = (node, emit, outputs) => {
  const { data, indices } = gatherNd.inputsOf(node);
  const wide = emit.node("Cast", [emit.read(indices)], { to: dataTypeCodes.i64 });
  emit.node("GatherND", [emit.read(data), wide], {}, outputs);
};

/** Zeros, and what is added to them. */
export const lowerScatterNd: OnnxLowering = (node, emit, outputs) => {
  const { indices, updates } = scatterNd.inputsOf(node);
  const shape = scatterNd.attributesOf(node).shape as readonly number[];
  const zero = emit.constant("zeros", zeros(updates.type.dtype, shape));
  const wide = emit.node("Cast", [emit.read(indices)], { to: dataTypeCodes.i64 });
  emit.node("ScatterND", [zero, wide, emit.read(updates)], { reduction: "add" }, outputs);
};

export const lowerTopK: OnnxLowering = (node, emit, [values, indices]) => {
  const { k, axis } = topK.attributesOf(node);
  const wide = emit.name(`${indices}_wide`);
  emit.node("TopK", [emit.read(node.inputs[0]), emit.integers("k", [k])], { axis }, [values, wide]);
  emit.node("Cast", [wide], { to: dataTypeCodes.i32 }, [indices]);
};

export const lowerCumulativeSum: OnnxLowering = (node, emit, outputs) => {
  const { axis, exclusive, reverse } = cumulativeSum.attributesOf(node);
  const along = emit.constant("axis", fromNumbers("i64", [], [axis]));
  const attributes = { exclusive: Number(exclusive), reverse: Number(reverse) };
  emit.node("CumSum", [emit.read(node.inputs[0]), along], attributes, outputs);
};

/** Lengths are kept from 0 as in TFLite. */
export const lowerL2Normalize: OnnxLowering = (node, emit, outputs) => {
  const { axis } = l2Normalize.attributesOf(node);
  const x = emit.read(node.inputs[0]);
  const length = emit.reduction("ReduceL2", x, [axis], true);
  emit.node("Div", [x, emit.node("Max", [length, emit.scalar("shortest", 1e-6)])], {}, outputs);
};

export const lowerExpand: OnnxLowering = (node, emit, outputs) => {
  const { shape } = expand.attributesOf(node);
  emit.node("Expand", [emit.read(node.inputs[0]), emit.integers("shape", shape as readonly number[])], {}, outputs);
};

export const lowerTile: OnnxLowering = (node, emit, outputs) => {
  emit.node(
    "Tile",
    [emit.read(node.inputs[0]), emit.integers("repeats", tile.attributesOf(node).repeats)],
    {},
    outputs,
  );
};

export const lowerCast: OnnxLowering = (node, emit, outputs) => {
  emit.node("Cast", [emit.read(node.inputs[0])], { to: dataTypeCodes[cast.attributesOf(node).to as DType] }, outputs);
};

export const lowerShapeOf: OnnxLowering = (node, emit, outputs) => {
  const { start, end } = shapeOf.attributesOf(node);
  emit.node("Shape", [emit.read(node.inputs[0])], { start, end }, outputs);
};

/** ONNX's indices are int64. */
export function lowerArgExtreme(opType: "ArgMax" | "ArgMin"): OnnxLowering {
  return (node, emit, outputs) => {
    const { axis, keepDims, to } = argMax.attributesOf(node);
    const attributes = { axis, keepdims: Number(keepDims) };
    const x = emit.read(node.inputs[0]);
    if (to === "i64") return void emit.node(opType, [x], attributes, outputs);
    emit.node("Cast", [emit.node(opType, [x], attributes)], { to: dataTypeCodes[to as DType] }, outputs);
  };
}

export const lowerQuantize: OnnxLowering = (node, emit, outputs) => {
  const { dtype, scale, zeroPoint, axis } = quantize.attributesOf(node);
  const shape = axis < 0 ? [] : [scale.length];
  const scales = emit.constant("scale", fromNumbers("f32", shape, scale));
  const zeros = emit.constant("zero_point", fromNumbers(dtype as DType, shape, zeroPoint));
  emit.node("QuantizeLinear", [emit.read(node.inputs[0]), scales, zeros], axis < 0 ? {} : { axis }, outputs);
};

export const lowerDequantize: OnnxLowering = (node, emit, outputs) => {
  const { x } = dequantize.inputsOf(node);
  const { scale, zeroPoint, axis, block } = x.type.quantization!;
  const shape = entryShape(x.type.shape, x.type.quantization!);
  const scales = emit.constant("scale", fromNumbers("f32", shape, scale));
  const zeros = emit.constant("zero_point", fromNumbers(x.type.dtype, shape, zeroPoint));
  const attributes = { ...(axis !== undefined && { axis }), ...(block !== undefined && { block_size: block }) };
  emit.node("DequantizeLinear", [emit.read(x), scales, zeros], attributes, outputs);
};
