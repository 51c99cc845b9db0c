import { integerRange, isFloat, type Value } from "@millrace/ir";
import { type StoredScaling, scalingKind, storedScaling } from "../kernels/finish.ts";
import { affineOf } from "../kernels/kernel.ts";
import { linearScaling } from "../kernels/linear.ts";
import { largestOf, weightZeroPoint } from "../kernels/weights.ts";
import { windowOf } from "../kernels/window.ts";
import {
  type Bands,
  bandsOf,
  flattened,
  type Geometry,
  isNine,
  isPixel,
  pixelOffsets,
  runLength,
  runOffsets,
} from "./bands.ts";
import type { Command } from "./commands.ts";
import type { FastKernel, FastKernelFactory, FastNode } from "./kernel.ts";
import type { Layout } from "./layout.ts";
import { packPairs, pairTaps } from "./packing.ts";
import { type Products, placeBias, placeImages, placeScaling } from "./parameters.ts";
import { fastScaling } from "./scaling.ts";
import { fastTiles, suitsTiles } from "./winograd.ts";

export function isByte(value: Value | undefined): value is Value {
  return value?.type.dtype === "i8" || value?.type.dtype === "u8";
}

/** Whether the node is one of 8-bit values with constant weights. */
export function isPacked({ node }: FastNode): boolean {
  const [x, weights, bias] = node.inputs;
  if (!isByte(x) || !isByte(node.outputs[0])) return false;
  if (weights?.constant === undefined || isFloat(weights.type.dtype)) return false;
  return bias === undefined || (bias.constant !== undefined && bias.type.dtype === "i32");
}

/** The least and greatest sum of products and bias of each channel, for data of at most a size. */
function reachesOf(weights: Int16Array, bias: Int32Array, largest: number) {
  const length = weights.length / bias.length;
  return Array.from(bias, (offset, channel) => {
    let size = 0;
    for (let at = channel * length; at < (channel + 1) * length; at++) size += Math.abs(weights[at]);
    return [offset - size * largest, offset + size * largest] as const;
  });
}

export function productsOf({ node }: FastNode, channels: number, stored: StoredScaling): Products {
  const [x, filter, offsets] = node.inputs as [Value, Value, Value | undefined];
  const zero = weightZeroPoint(filter);
  const data = filter.constant!.data as Int8Array;
  const weights = new Int16Array(data.length);
  for (let at = 0; at < data.length; at++) weights[at] = data[at] - zero;
  const bias = new Int32Array(channels);
  if (offsets) bias.set(offsets.constant!.data as Int32Array);
  const fast = fastScaling(stored, reachesOf(weights, bias, largestOf(x)), integerRange(node.outputs[0].type.dtype));
  return { weights, bias, scaling: { stored, fast } };
}

/** Bytes of working memory: where the band begins behind the sums, and all together. */
export function scratchOf(geometry: Geometry, { rows, height, columns, depth }: Bands) {
  const band = Math.max(2, rows * geometry.to[2]) * 32;
  return { band, bytes: band + 2 * height * columns * depth };
}

/** The module's operation for a convolution. */
function operationOf(geometry: Geometry, { weights }: Products): Command["operation"] {
  if (isNine(geometry)) return "filterNine";
  if (geometry.depthwise) return "filter";
  return isPixel(geometry) && weights.every((weight) => weight >= -128 && weight <= 127) ? "multiplyRow" : "multiply";
}

/** Weights as an operation multiplies them, each channel's in `runs` runs. */
function packWeights(operation: Command["operation"], { weights, bias }: Products, runs: number) {
  const channels = bias.length;
  const runLength = weights.length / (channels * runs);
  if (operation === "multiplyRow")
    return packPairs(weights, { channels, together: 16, runLength }, (count) => new Int8Array(count));
  const wide = (count: number) => new Int16Array(count);
  if (operation === "filterNine") return packPairs(pairTaps(weights), { channels, together: 8, runLength: 10 }, wide);
  return packPairs(weights, { channels, together: 8, runLength }, wide);
}

/** Writes the module's `Convolution`, whose result goes to `target`. */
export function placeConvolution(
  layout: Layout,
  fast: FastNode,
  geometry: Geometry,
  products: Products,
  target: number,
): Command {
  const operation = operationOf(geometry, products);
  const [y] = fast.node.outputs;
  const { to, window } = geometry;
  const bands = bandsOf(geometry);
  const images = placeImages(layout, fast, geometry, layout.scratch + scratchOf(geometry, bands).band, bands);
  const scaling = placeScaling(layout, products.scaling, y.type.dtype);
  const runs = runOffsets(geometry, bands);
  const pairs =
    operation === "filterNine" ? 5 : Math.ceil((geometry.depthwise ? runs.length : runLength(geometry, bands)) / 2);
  const weights = layout.constant(packWeights(operation, products, geometry.depthwise ? 1 : runs.length));
  const offsets = new Uint32Array(runs.length + 1);
  offsets.set(runs);
  const parameters = layout.constant(
    Int32Array.of(
      ...[images, scaling, target, to[0], to[1], to[2], bands.rows, ...window.stride],
      ...[window.padding[0], bands.reach, weights, placeBias(layout, products)],
      ...[layout.constant(pixelOffsets(geometry, bands)), layout.constant(offsets), runs.length, pairs, layout.scratch],
    ),
  );
  return { operation, parameters };
}

function fastConvolution(fast: FastNode, whole: Geometry, scaling: StoredScaling): FastKernel | undefined {
  if (whole.window.padding.some((size) => size < 0)) return undefined;
  const products = productsOf(fast, whole.to[3], scaling);
  if (suitsTiles(whole)) return fastTiles(fast, whole, products);
  const geometry = flattened(whole);
  return {
    reads: [fast.node.inputs[0] as Value],
    scratch: scratchOf(geometry, bandsOf(geometry)).bytes,
    place: (layout) => [placeConvolution(layout, fast, geometry, products, layout.addressOf(fast.node.outputs[0]))],
  };
}

/** 8-bit convolutions of one group, or with one filter for each channel. */
export const fastConv2d: FastKernelFactory = (fast) => {
  const { node, context, typeOf } = fast;
  if (!isPacked(fast) || node.attributes.layout !== "last") return undefined;
  const [x, weights] = node.inputs as [Value, Value];
  const [channels, , , depth] = typeOf(weights).shape;
  const groups = node.attributes.groups as number;
  const depthwise = groups > 1 && depth === 1 && channels === groups;
  if (groups > 1 && !depthwise) return undefined;
  const geometry = { from: typeOf(x).shape, to: typeOf(node.outputs[0]).shape, window: windowOf(node), depthwise };
  return fastConvolution(
    fast,
    geometry,
    storedScaling(node, { channels, kind: scalingKind(affineOf(x, node)) }, context),
  );
};

const pixel = { kernel: [1, 1], stride: [1, 1], dilation: [1, 1], padding: [0, 0, 0, 0] };

/** 8-bit fully connected layers. */
export const fastLinear: FastKernelFactory = (fast) => {
  if (!isPacked(fast)) return undefined;
  const { node, context, typeOf } = fast;
  const [channels, depth] = typeOf(node.inputs[1]).shape;
  const rows = typeOf(node.outputs[0])
    .shape.slice(0, -1)
    .reduce((product, size) => product * size, 1);
  const geometry = { from: [1, rows, 1, depth], to: [1, rows, 1, channels], window: pixel, depthwise: false };
  return fastConvolution(fast, geometry, storedScaling(node, linearScaling(node, context), context));
};
