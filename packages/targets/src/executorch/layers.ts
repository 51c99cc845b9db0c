import { elementCount, type Node, type Tensor, zeros } from "@millrace/ir";
import {
  averagePool2d,
  batchNorm,
  conv2d,
  depthToSpace,
  groupNormalization,
  layerNormalization,
  linear,
  logSoftmax,
  maxPool2d,
  resize,
  softmax,
  spaceToDepth,
  transposeConv2d,
} from "@millrace/ops";
import { sizesOf } from "@millrace/passes";
import type { EdgeTensor } from "./edge-program.ts";
import { tensorsOf } from "./elementwise.ts";
import type { EdgeEmitter, EdgeLowering } from "./emitter.ts";

/** As many rows and columns before as behind. */
const evenPadding = ([top, left]: readonly number[]) => [top, left];

interface Convolution {
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: readonly number[];
  readonly groups: number;
}

/** Both kinds of convolution are one operator, where only transposed ones add rows and columns behind their results. */
function convolve(
  { inputs: [x, weights, bias] }: Node,
  emit: EdgeEmitter,
  outputs: readonly EdgeTensor[],
  { stride, dilation, padding, groups }: Convolution,
  added?: readonly number[],
): void {
  const operands = [emit.read(x!), emit.read(weights!), emit.readOptional(bias)];
  const window = [stride, evenPadding(padding), dilation];
  const positional = [...operands, ...window, added !== undefined, added ?? [0, 0], groups];
  emit.call("aten.convolution.default", positional, outputs);
}

export const lowerConv2d: EdgeLowering = (node, emit, outputs) =>
  convolve(node, emit, outputs, conv2d.attributesOf(node));

/** Rows and columns that a transposed convolution has to add behind its cropped result, below 0 where it has to leave some out. */
export function outputPadding(node: Node): readonly number[] {
  const { x, weights } = transposeConv2d.inputsOf(node);
  const { stride, dilation, padding, outputSize } = transposeConv2d.attributesOf(node);
  return [0, 1].map((side) => {
    const reach = dilation[side] * (sizesOf(weights)[2 + side] - 1) + 1;
    const full = (sizesOf(x)[2 + side] - 1) * stride[side] + reach;
    return outputSize[side] - (full - 2 * padding[side]);
  });
}

export const lowerTransposeConv2d: EdgeLowering = (node, emit, outputs) =>
  convolve(node, emit, outputs, transposeConv2d.attributesOf(node), outputPadding(node));

/** Rows times the columns that the weights are turned to, once for all if they are constant. */
export const lowerLinear: EdgeLowering = (node, emit, outputs) => {
  const { x, weights, bias } = linear.inputsOf(node);
  const columns = weights.constant
    ? emit.derived(weights, turned)
    : emit.step("aten.permute_copy.default", [emit.read(weights), [1, 0]], {
        dtype: weights.type.dtype,
        shape: weights.type.shape.toReversed(),
      });
  if (bias) emit.call("aten.addmm.default", [emit.read(bias), emit.read(x), columns], outputs);
  else emit.call("aten.mm.default", [emit.read(x), columns], outputs);
};

/** A matrix with its rows as columns. */
function turned({ dtype, shape: [rows, columns], data }: Tensor): Tensor {
  const source = data as Float32Array;
  const target = zeros(dtype, [columns, rows]);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) target.data[column * rows + row] = source[row * columns + column];
  return target;
}

export const lowerMatmul: EdgeLowering = (node, emit, outputs) => {
  const operator = outputs[0].shape.length === 2 ? "aten.mm.default" : "aten.bmm.default";
  emit.call(operator, tensorsOf(node, emit), outputs);
};

export const lowerAveragePool2d: EdgeLowering = (node, emit, outputs) => {
  const { kernel, stride, padding, countPadding } = averagePool2d.attributesOf(node);
  const [x] = tensorsOf(node, emit);
  emit.call("aten.avg_pool2d.default", [x, kernel, stride, evenPadding(padding), false, countPadding], outputs);
};

/** The places of the greatest come with them. */
export const lowerMaxPool2d: EdgeLowering = (node, emit, [output]) => {
  const { kernel, stride, dilation, padding } = maxPool2d.attributesOf(node);
  const [x] = tensorsOf(node, emit);
  const places = emit.tensor(`${output.name}/places`, "i64", output.shape);
  emit.call(
    "aten.max_pool2d_with_indices.default",
    [x, kernel, stride, evenPadding(padding), dilation],
    [output, places],
  );
};

/** Means and spreads are results too, empty ones here. */
export const lowerBatchNorm: EdgeLowering = (node, emit, [output]) => {
  const parts = ["mean", "spread"].map((part) => emit.tensor(`${output.name}/${part}`, output.dtype, [0]));
  emit.call(
    "aten._native_batch_norm_legit_no_training.default",
    [...tensorsOf(node, emit), 0, batchNorm.attributesOf(node).epsilon],
    [output, ...parts],
  );
};

export const lowerLayerNormalization: EdgeLowering = (node, emit, [output]) => {
  const { x, scale, bias } = layerNormalization.inputsOf(node);
  const { axes, epsilon } = layerNormalization.attributesOf(node);
  const { shape } = x.type;
  const rows = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const parts = ["mean", "spread"].map((part) => emit.tensor(`${output.name}/${part}`, output.dtype, rows));
  emit.call(
    "aten.native_layer_norm.default",
    [emit.read(x), shape.slice(axes[0]), emit.readOptional(scale), emit.readOptional(bias), epsilon],
    [output, ...parts],
  );
};

export const lowerGroupNormalization: EdgeLowering = (node, emit, [output]) => {
  const { x, scale, bias } = groupNormalization.inputsOf(node);
  const { groups, epsilon } = groupNormalization.attributesOf(node);
  const [batch, channels, ...image] = x.type.shape;
  const pixels = elementCount(image);
  const parts = ["mean", "spread"].map((part) => emit.tensor(`${output.name}/${part}`, output.dtype, [batch, groups]));
  const parameters = [emit.readOptional(scale), emit.readOptional(bias)];
  emit.call(
    "aten.native_group_norm.default",
    [emit.read(x), ...parameters, batch, channels, pixels, groups, epsilon],
    [output, ...parts],
  );
};

export const lowerSoftmax: EdgeLowering = (node, emit, outputs) =>
  emit.call("aten._softmax.default", [...tensorsOf(node, emit), softmax.attributesOf(node).axis, false], outputs);

export const lowerLogSoftmax: EdgeLowering = (node, emit, outputs) =>
  emit.call(
    "aten._log_softmax.default",
    [...tensorsOf(node, emit), logSoftmax.attributesOf(node).axis, false],
    outputs,
  );

export const lowerResize: EdgeLowering = (node, emit, outputs) => {
  const { mode, size, coordinates } = resize.attributesOf(node);
  const [x] = tensorsOf(node, emit);
  if (mode === "nearest") return emit.call("aten.upsample_nearest2d.vec", [x, size, null], outputs);
  emit.call("aten.upsample_bilinear2d.vec", [x, size, coordinates === "alignCorners", null], outputs);
};

export const lowerDepthToSpace: EdgeLowering = (node, emit, outputs) =>
  emit.call("aten.pixel_shuffle.default", [...tensorsOf(node, emit), depthToSpace.attributesOf(node).block], outputs);

export const lowerSpaceToDepth: EdgeLowering = (node, emit, outputs) =>
  emit.call("aten.pixel_unshuffle.default", [...tensorsOf(node, emit), spaceToDepth.attributesOf(node).block], outputs);
