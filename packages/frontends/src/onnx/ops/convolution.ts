import { elementCount, type Value } from "@millrace/ir";
import { add, conv2d, transpose, transposeConv2d } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { windowsAlong } from "./covered.ts";
import { plain } from "./elementwise.ts";
import { knownSize } from "./known-shape.ts";
import { overlapping, sumOfPicks } from "./overlap.ts";
import {
  asPlane,
  autoPad,
  explicitPadding,
  fromPlane,
  perAxis,
  planar,
  planarWindow,
  reach,
  type Sliding,
  spatialSizes,
  type Window,
  windowOf,
} from "./spatial.ts";
import { reshaped } from "./weights.ts";

const settled = { layout: "first", activation: "none" } as const;
const exchanged = { permutation: [0, 2, 1, 3, 4] };

/** Weights, and their kernel as the source has it. */
function weightsOf(node: SourceNode, rank: number): { readonly weights: Value; readonly kernel: readonly number[] } {
  const weights = node.weights(1);
  const kernel = weights.type.shape.slice(2);
  if (kernel.length !== rank) node.invalid(`its weights have ${kernel.length} spatial axes, and its data ${rank}`);
  if (!kernel.every((size) => typeof size === "number"))
    return node.unsupported("the size of its kernel is open", "Export the model with constant weights.");
  const stated = node.attributes.integers("kernel_shape") ?? kernel;
  if (stated.join() !== kernel.join()) node.invalid(`kernel_shape is [${stated}], and its weights have [${kernel}]`);
  return { weights, kernel };
}

function convolution(node: SourceNode): Value {
  const sizes = spatialSizes(node);
  const { weights, kernel } = weightsOf(node, sizes.length);
  const bias = node.has(2) ? [node.weights(2)] : [];
  return convolved(node, [node.input(0), weights, ...bias], windowOf(node, sizes, kernel));
}

/**
 * A convolution over any number of spatial axes. Of more than two, the first one is unfolded: its positions are further images of the batch, what
 * the kernel covers of it are further channels. Microcontrollers and integers can do that, and not a convolution of volumes.
 */
function convolved(node: SourceNode, [x, weights, ...bias]: readonly Value[], window: Window): Value {
  if (window.length > 2) return convolvedInSlices(node, [x, weights, ...bias], window);
  const { kernel: _, ...attributes } = planar(planarWindow(window));
  const groups = node.attributes.integer("group", 1);
  const inputs = [asPlane(node, x), asPlane(node, weights), ...bias];
  return fromPlane(node, node.emit(conv2d, inputs, { ...attributes, groups, ...settled }), window.length);
}

function convolvedInSlices(node: SourceNode, [x, weights, ...bias]: readonly Value[], window: Window): Value {
  const [first, ...others] = window;
  const [batch, channels, depth, ...image] = x.type.shape;
  const lines = reshaped(node, x, [elementCount([batch, channels]), depth, elementCount(image)]);
  const windows = windowsAlong(node, lines, first);
  const [, positions, kernel, area] = windows.type.shape;
  const apart = reshaped(node, windows, [batch, channels, positions, kernel, area]);
  const slices = reshaped(node, node.compute(transpose, [apart], exchanged), [
    elementCount([batch, positions]),
    elementCount([channels, kernel]),
    ...image,
  ]);
  const result = convolved(node, [slices, withoutDepth(node, weights), ...bias], others);
  return withDepth(node, result, [batch, positions]);
}

/** Weights [a, b, depth, …] as [a, b · depth, …]. */
function withoutDepth(node: SourceNode, weights: Value): Value {
  const [outer, inner, depth, ...kernel] = weights.type.shape;
  return reshaped(node, weights, [outer, elementCount([inner, depth]), ...kernel]);
}

/** Slices [batch · depth, channels, …] as [batch, channels, depth, …]. */
function withDepth(node: SourceNode, slices: Value, lead: Value["type"]["shape"]): Value {
  const [, channels, ...image] = slices.type.shape;
  const apart = reshaped(node, slices, [...lead, channels, elementCount(image), 1]);
  return reshaped(node, node.compute(transpose, [apart], exchanged), [lead[0], channels, lead[1], ...image]);
}

/** A window that is laid down over the result, of which `size` elements are kept from the element `before` on. */
interface Spread extends Sliding {
  readonly size: number;
}

function transposedConvolution(node: SourceNode): Value {
  const sizes = spatialSizes(node).map((size) => knownSize(node, size));
  const { weights, kernel } = weightsOf(node, sizes.length);
  const spreads = spreadsOf(node, sizes, kernel);
  const bias = node.has(2) ? [node.weights(2)] : [];
  if (sizes.length <= 2) return spread(node, [node.input(0), weights, ...bias], spreads);
  const result = spread(node, [node.input(0), weights], spreads);
  if (bias.length === 0) return result;
  const channels = reshaped(node, bias[0], [bias[0].type.shape[0], ...sizes.map(() => 1)]);
  return node.compute(add, [result, channels], plain);
}

/** Along the first of more than two spatial axes, what each element gives is computed as channels first, then overlaid. */
function spread(node: SourceNode, [x, weights, ...bias]: readonly Value[], spreads: readonly Spread[]): Value {
  if (spreads.length > 2) return spreadInSlices(node, x, weights, spreads);
  const { kernel: _, ...attributes } = planar(planarWindow(spreads));
  const outputSize = spreads.length === 1 ? [1, spreads[0].size] : spreads.map(({ size }) => size);
  const groups = node.attributes.integer("group", 1);
  const inputs = [asPlane(node, x), asPlane(node, weights), ...bias];
  const result = node.emit(transposeConv2d, inputs, { ...attributes, outputSize, groups, ...settled });
  return fromPlane(node, result, spreads.length);
}

function spreadInSlices(node: SourceNode, x: Value, weights: Value, [first, ...others]: readonly Spread[]): Value {
  const [batch, channels, depth, ...image] = x.type.shape;
  const apart = reshaped(node, x, [batch, channels, depth, elementCount(image), 1]);
  const slices = reshaped(node, node.compute(transpose, [apart], exchanged), [
    elementCount([batch, depth]),
    channels,
    ...image,
  ]);
  const given = spread(node, [slices, withoutDepth(node, weights)], others);
  const [, all, ...size] = given.type.shape;
  const results = (all as number) / first.kernel;
  const byTap = reshaped(node, given, [batch, depth, results, first.kernel, elementCount(size)]);
  const lines = reshaped(node, node.compute(transpose, [byTap], exchanged), [
    elementCount([batch, results]),
    elementCount([depth, first.kernel]),
    elementCount(size),
  ]);
  const lists = overlapping(node, first.size, depth as number, first).map((list) =>
    list.map(({ position, tap }) => position * first.kernel + tap),
  );
  return reshaped(node, sumOfPicks(node, lines, lists), [batch, results, first.size, ...size]);
}

/** Sizes of the result along the spatial axes, and what is cropped from the full result to get it. */
function spreadsOf(node: SourceNode, sizes: readonly number[], kernel: readonly number[]): readonly Spread[] {
  const { attributes } = node;
  const rank = sizes.length;
  const strides = perAxis(node, "strides", attributes.integers("strides"), rank);
  const dilations = perAxis(node, "dilations", attributes.integers("dilations"), rank);
  const extras = attributes.integers("output_padding") ?? [];
  const wanted = attributes.integers("output_shape")?.slice(-rank) ?? [];
  const pads = explicitPadding(node, rank);
  const mode = autoPad(node);
  return sizes.map((input, axis): Spread => {
    const window = { kernel: kernel[axis], stride: strides[axis], dilation: dilations[axis] };
    const full = window.stride * (input - 1) + reach(window);
    const extra = extras[axis] ?? 0;
    if (wanted.length === 0 && !mode.startsWith("SAME")) {
      const { before, after } = mode === "VALID" ? { before: 0, after: 0 } : pads[axis];
      const size = full + extra - before - after;
      return { ...window, size, before, after: Math.max(0, full - before - size) };
    }
    const size = wanted[axis] ?? input * window.stride;
    const total = Math.max(0, full + extra - size);
    const before = mode === "SAME_UPPER" ? Math.floor(total / 2) : Math.ceil(total / 2);
    return { ...window, size, before, after: Math.max(0, full - before - size) };
  });
}

export const convolutions: Readonly<Record<string, Importer>> = {
  Conv: convolution,
  ConvTranspose: transposedConvolution,
};
