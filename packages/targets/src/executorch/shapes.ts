import {
  addDimensions,
  fromNumbers,
  isFloat,
  isStatic,
  multiplyDimensions,
  numbersOf,
  type Shape,
  subtractDimensions,
  zeros,
} from "@millrace/ir";
import {
  argMax,
  concat,
  cumulativeSum,
  expand,
  gather,
  mean,
  pad,
  reduceProd,
  reshape,
  scatterNd,
  slice,
  split,
  sum,
  tile,
  topK,
  transpose,
} from "@millrace/ops";
import { type EdgeCall, type EdgeTensor, scalarTypeOf } from "./edge-program.ts";
import { tensorsOf } from "./elementwise.ts";
import type { EdgeEmitter, EdgeLowering } from "./emitter.ts";

/** A reduction over any axes. */
export function reduction(operator: string): EdgeLowering {
  return (node, emit, outputs) => {
    const { axes, keepDims } = mean.attributesOf(node);
    emit.call(operator, [...tensorsOf(node, emit), axes, keepDims], outputs);
  };
}

/** Sums and products of integers are of 64 bits unless another type is named. */
function ofType({ dtype }: Pick<EdgeTensor, "dtype">): EdgeCall["keywords"] {
  return isFloat(dtype) ? {} : { dtype: scalarTypeOf(dtype) };
}

/** A sum over any axes. */
export const lowerSum: EdgeLowering = (node, emit, [output]) => {
  const { axes, keepDims } = sum.attributesOf(node);
  emit.call("aten.sum.dim_IntList", [...tensorsOf(node, emit), axes, keepDims], [output], ofType(output));
};

/** Products along one axis after the other, the last first, so that the numbers of the others stay right. */
export const lowerReduceProd: EdgeLowering = (node, emit, [output]) => {
  const { axes, keepDims } = reduceProd.attributesOf(node);
  const ordered = axes.toSorted((a, b) => b - a);
  let x = tensorsOf(node, emit)[0];
  ordered.forEach((axis, index) => {
    const shape = keepDims ? x.shape.with(axis, 1) : x.shape.toSpliced(axis, 1);
    const isLast = index === ordered.length - 1;
    if (isLast) emit.call("aten.prod.dim_int", [x, axis, keepDims], [output], ofType(output));
    else x = emit.step("aten.prod.dim_int", [x, axis, keepDims], { dtype: x.dtype, shape }, ofType(output));
  });
};

/** Places come in 64 bits. */
export function argumentOf(operator: string): EdgeLowering {
  return (node, emit, [output]) => {
    const { axis, keepDims, to } = argMax.attributesOf(node);
    const operands = [...tensorsOf(node, emit), axis, keepDims];
    if (to === "i64") return emit.call(operator, operands, [output]);
    emit.convert(emit.step(operator, operands, { dtype: "i64", shape: output.shape }), output);
  };
}

/** Places come in 64 bits. */
export const lowerTopK: EdgeLowering = (node, emit, [values, indices]) => {
  const { k, axis } = topK.attributesOf(node);
  const wide = emit.tensor(`${indices.name}/wide`, "i64", indices.shape);
  emit.call("aten.topk.default", [...tensorsOf(node, emit), k, axis], [values, wide]);
  emit.convert(wide, indices);
};

export const lowerCumulativeSum: EdgeLowering = (node, emit, [output]) => {
  const { axis } = cumulativeSum.attributesOf(node);
  emit.call("aten.cumsum.default", [...tensorsOf(node, emit), axis], [output], ofType(output));
};

/** One open size follows from the others. */
export const lowerReshape: EdgeLowering = (node, emit, outputs) => {
  const { shape } = reshape.attributesOf(node);
  const open = shape.filter((size) => typeof size === "string");
  const sizes = open.length === 1 && !shape.includes(0) ? shape.map((size) => (size === open[0] ? -1 : size)) : shape;
  emit.call("aten.view_copy.default", [...tensorsOf(node, emit), sizes], outputs);
};

export const lowerTranspose: EdgeLowering = (node, emit, outputs) =>
  emit.call("aten.permute_copy.default", [...tensorsOf(node, emit), transpose.attributesOf(node).permutation], outputs);

export const lowerConcat: EdgeLowering = (node, emit, outputs) =>
  emit.call("aten.cat.default", [tensorsOf(node, emit), concat.attributesOf(node).axis], outputs);

export const lowerSplit: EdgeLowering = (node, emit, outputs) => {
  const { axis, sizes } = split.attributesOf(node);
  emit.call("aten.split_with_sizes_copy.default", [...tensorsOf(node, emit), sizes, axis], outputs);
};

/** One axis after the other; where one runs backwards, its part is turned around. */
export const lowerSlice: EdgeLowering = (node, emit, [output]) => {
  const { starts, sizes, steps } = slice.attributesOf(node);
  const [x] = tensorsOf(node, emit);
  const cut = starts.flatMap((start, axis) => {
    const [size, step] = [sizes[axis], Math.abs(steps[axis])];
    if (size === x.shape[axis] && step === 1) return [];
    const reach = multiplyDimensions(subtractDimensions(size, 1), step);
    const first = steps[axis] > 0 ? start : subtractDimensions(start, reach);
    const end = size === 0 ? first : addDimensions(addDimensions(first, reach), 1);
    return [{ axis, size, first, end, step }];
  });
  const backwards = steps.flatMap((step, axis) => (step < 0 ? [axis] : []));
  const calls = [
    ...cut.map(({ axis, size, first, end, step }) => ({
      operator: "aten.slice_copy.Tensor",
      operands: [axis, first, end, step],
      shapeOf: (shape: Shape) => shape.with(axis, size),
    })),
    ...(backwards.length > 0
      ? [{ operator: "aten.flip.default", operands: [backwards], shapeOf: (shape: Shape) => shape }]
      : []),
  ];
  if (calls.length === 0) return emit.call("aten.clone.default", [x], [output]);
  let part = x;
  for (const { operator, operands, shapeOf } of calls.slice(0, -1))
    part = emit.step(operator, [part, ...operands], { dtype: x.dtype, shape: shapeOf(part.shape) });
  const last = calls[calls.length - 1];
  emit.call(last.operator, [part, ...last.operands], [output]);
};

/** What is padded besides constants, by how many of the last axes it reaches over. */
const mirrors: Readonly<Record<string, readonly string[]>> = {
  reflect: ["aten.reflection_pad1d.default", "aten.reflection_pad2d.default", "aten.reflection_pad3d.default"],
  edge: ["aten.replication_pad1d.default", "aten.replication_pad2d.default", "aten.replication_pad3d.default"],
};

/** Axes that padding other than with constants reaches over, counted from the last; 0 where no operator does so. */
export function mirroredAxes(before: readonly number[], after: readonly number[]): number {
  const first = before.findIndex((count, axis) => count + after[axis] > 0);
  const axes = before.length - Math.max(0, first);
  const wanted = Math.max(axes, before.length - 2);
  return wanted >= 1 && wanted <= 3 && wanted < before.length ? wanted : 0;
}

/** Counts come in pairs, those of the last axis first. */
export const lowerPad: EdgeLowering = (node, emit, outputs) => {
  const { before, after, mode, value } = pad.attributesOf(node);
  const pairs = (axes: number) =>
    before.flatMap((_, index) => {
      const axis = before.length - 1 - index;
      return index < axes ? [before[axis], after[axis]] : [];
    });
  const [x] = tensorsOf(node, emit);
  if (mode === "constant") return emit.call("aten.constant_pad_nd.default", [x, pairs(before.length), value], outputs);
  const axes = mirroredAxes(before, after);
  emit.call(mirrors[mode][axes - 1], [x, pairs(axes)], outputs);
};

export const lowerGather: EdgeLowering = (node, emit, outputs) => {
  const [data, indices] = tensorsOf(node, emit);
  const before = new Array<null>(gather.attributesOf(node).axis).fill(null);
  emit.call("aten.index.Tensor", [data, [...before, indices]], outputs);
};

/** A vector for each axis that rows of indices name. */
function columnsOf(emit: EdgeEmitter, indices: EdgeTensor): readonly EdgeTensor[] {
  const shape = indices.shape.slice(0, -1);
  const axis = shape.length;
  const columns = Number(indices.shape[axis]);
  return Array.from({ length: columns }, (_, column) => {
    if (!indices.constant)
      return emit.step("aten.select_copy.int", [indices, axis, column], { dtype: indices.dtype, shape });
    const numbers = Array.from(numbersOf(indices.constant)).filter((_, at) => at % columns === column);
    return emit.constant(`${indices.name}/${column}`, fromNumbers(indices.dtype, shape as readonly number[], numbers));
  });
}

export const lowerGatherNd: EdgeLowering = (node, emit, outputs) => {
  const [data, indices] = tensorsOf(node, emit);
  emit.call("aten.index.Tensor", [data, columnsOf(emit, indices)], outputs);
};

/** Zeros, and what is added to them. */
export const lowerScatterNd: EdgeLowering = (node, emit, [output]) => {
  const { updates } = scatterNd.inputsOf(node);
  const [indices] = tensorsOf(node, emit);
  const { dtype, shape } = output;
  const empty = isStatic(shape)
    ? emit.constant("zeros", zeros(dtype, shape))
    : emit.step("aten.full.default", [shape, 0], { dtype, shape }, { dtype: scalarTypeOf(dtype) });
  emit.call("aten.index_put.default", [empty, columnsOf(emit, indices), emit.read(updates), true], [output]);
};

/** Open sizes that x has stay as they are. */
export const lowerExpand: EdgeLowering = (node, emit, outputs) => {
  const [x] = tensorsOf(node, emit);
  const { shape } = expand.attributesOf(node);
  const lead = shape.length - x.shape.length;
  const sizes = shape.map((size, axis) => (typeof size === "string" && size === x.shape[axis - lead] ? -1 : size));
  emit.call("aten.expand_copy.default", [x, sizes], outputs);
};

export const lowerTile: EdgeLowering = (node, emit, outputs) =>
  emit.call("aten.repeat.default", [...tensorsOf(node, emit), tile.attributesOf(node).repeats], outputs);
