import type { Value } from "@millrace/ir";
import { conv2d, transposeConv2d } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import {
  autoPad,
  explicitPadding,
  type Image,
  imageOf,
  pair,
  reach,
  type Window,
  windowOf,
  withHeight,
} from "./spatial.ts";

/** Weights with two spatial axes, and their kernel as the source has it. */
function weightsOf(node: SourceNode, { rank }: Image): { readonly weights: Value; readonly kernel: readonly number[] } {
  const weights = node.weights(1);
  const kernel = weights.type.shape.slice(2);
  if (kernel.length !== rank) node.invalid(`its weights have ${kernel.length} spatial axes, and its data ${rank}`);
  if (!kernel.every((size) => typeof size === "number"))
    return node.unsupported("the size of its kernel is open", "Export the model with constant weights.");
  const stated = node.attributes.integers("kernel_shape") ?? kernel;
  if (stated.join() !== kernel.join()) node.invalid(`kernel_shape is [${stated}], and its weights have [${kernel}]`);
  return { weights: rank === 1 ? withHeight(node, weights) : weights, kernel };
}

function convolution(node: SourceNode): Value {
  const image = imageOf(node);
  const { weights, kernel } = weightsOf(node, image);
  const { stride, dilation, padding } = windowOf(node, image.x.type.shape, kernel);
  const groups = node.attributes.integer("group", 1);
  const inputs = [image.x, weights, ...(node.has(2) ? [node.weights(2)] : [])];
  return image.restore(
    node.emit(conv2d, inputs, { stride, dilation, padding, groups, layout: "first", activation: "none" }),
  );
}

function transposedConvolution(node: SourceNode): Value {
  const image = imageOf(node);
  const { weights, kernel } = weightsOf(node, image);
  const { attributes } = node;
  const stride = pair(node, "strides", attributes.integers("strides"), image.rank);
  const dilation = pair(node, "dilations", attributes.integers("dilations"), image.rank);
  const window = { kernel: pair(node, "kernel_shape", kernel, image.rank), stride, dilation };
  const [rows, columns] = [0, 1].map((axis) => outputAxis(node, image, window, axis));
  const inputs = [image.x, weights, ...(node.has(2) ? [node.weights(2)] : [])];
  const result = node.emit(transposeConv2d, inputs, {
    stride,
    dilation,
    padding: [rows.before, columns.before, rows.after, columns.after],
    outputSize: [rows.size, columns.size],
    groups: attributes.integer("group", 1),
    layout: "first",
    activation: "none",
  });
  return image.restore(result);
}

/** Size of the result along a spatial axis, and what is cropped from the full result to get it. */
function outputAxis(node: SourceNode, { x, rank }: Image, window: Omit<Window, "padding">, axis: number) {
  const { attributes } = node;
  const input = x.type.shape[axis + 2];
  if (typeof input === "string")
    return node.unsupported(`the size ${input} of its data is open`, `Give the size of ${input}.`);
  const extra = openPair(attributes.integers("output_padding"), rank)[axis] ?? 0;
  const sizes = attributes.integers("output_shape");
  const padding = explicitPadding(node, attributes.integers("pads"), rank);
  const mode = autoPad(node);
  const full = window.stride[axis] * (input - 1) + reach(window, axis);
  const wanted = sizes?.length ? (openPair(sizes.slice(-rank), rank)[axis] ?? 1) : undefined;
  if (wanted === undefined && !mode.startsWith("SAME")) {
    const [before, after] = mode === "VALID" ? [0, 0] : [padding[axis], padding[axis + 2]];
    const size = full + extra - before - after;
    return { size, before, after: Math.max(0, full - before - size) };
  }
  const size = wanted ?? input * window.stride[axis];
  const total = Math.max(0, full + extra - size);
  const before = mode === "SAME_UPPER" ? Math.floor(total / 2) : Math.ceil(total / 2);
  return { size, before, after: Math.max(0, full - before - size) };
}

/** A list with one entry for each spatial axis as [height, width]; a missing height is undefined. */
function openPair(list: readonly number[] | undefined, rank: number): readonly (number | undefined)[] {
  return rank === 1 ? [undefined, list?.[0]] : [list?.[0], list?.[1]];
}

export const convolutions: Readonly<Record<string, Importer>> = {
  Conv: convolution,
  ConvTranspose: transposedConvolution,
};
