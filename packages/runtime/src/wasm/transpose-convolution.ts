import { elementCount, type Value } from "@millrace/ir";
import { scalingKind, storedScaling } from "../kernels/finish.ts";
import { affineOf } from "../kernels/kernel.ts";
import { type Window, windowOf } from "../kernels/window.ts";
import { bandsOf, flattened, type Geometry } from "./bands.ts";
import { blocksOf } from "./blocks.ts";
import { isPacked, placeConvolution, productsOf, scratchOf } from "./convolution.ts";
import type { FastKernelFactory } from "./kernel.ts";
import { mostElements, placeMovement } from "./movement.ts";

/** Of one axis: the results first, first + stride, …, which are a convolution with some of the taps, the last one first. */
interface Phase {
  readonly taps: readonly number[];
  readonly padding: number;
  readonly count: number;
}

function phasesOf({ kernel, stride, padding }: Window, to: readonly number[], axis: 0 | 1): readonly Phase[] {
  const [size, step] = [to[axis + 1], stride[axis]];
  return Array.from({ length: Math.min(step, size) }, (_, first) => {
    const place = first + padding[axis];
    const taps: number[] = [];
    for (let tap = place % step; tap < kernel[axis]; tap += step) taps.unshift(tap);
    const before = taps.length - 1 - Math.floor(place / step);
    return { taps, padding: before, count: Math.ceil((size - first) / step) };
  });
}

/** A phase of both axes: a convolution, its weights and where its results begin in what all phases give. */
interface Part {
  readonly geometry: Geometry;
  readonly weights: Int16Array;
  readonly columns: number;
  readonly start: number;
}

/** Weights [channel, row, column, element] of some rows and columns. */
function tapsOf(weights: Int16Array, [channels, height, width, depth]: readonly number[], rows: Phase, columns: Phase) {
  const result = new Int16Array(channels * rows.taps.length * columns.taps.length * depth);
  let to = 0;
  for (let channel = 0; channel < channels; channel++) {
    for (const row of rows.taps) {
      for (const column of columns.taps) {
        const from = ((channel * height + row) * width + column) * depth;
        result.set(weights.subarray(from, from + depth), to);
        to += depth;
      }
    }
  }
  return result;
}

function geometryOf(from: readonly number[], channels: number, rows: Phase, columns: Phase): Geometry {
  const kernel = [rows.taps.length, columns.taps.length];
  const window = { kernel, stride: [1, 1], dilation: [1, 1], padding: [rows.padding, columns.padding, 0, 0] };
  const geometry = { from, to: [from[0], rows.count, columns.count, channels], window, depthwise: false };
  return rows.count === from[1] && columns.count === from[2] ? flattened(geometry) : geometry;
}

/** Where every result of the node lies in what the phases give; `across` phases make a row of them. */
function positionsOf(to: readonly number[], stride: readonly number[], parts: readonly Part[], across: number) {
  const [batches, height, width, channels] = to;
  const positions = new Int32Array(elementCount(to));
  let at = 0;
  for (let batch = 0; batch < batches; batch++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const part = parts[(y % stride[0]) * across + (x % stride[1])];
        const rows = Math.ceil((height - (y % stride[0])) / stride[0]);
        const row = batch * rows + Math.floor(y / stride[0]);
        const pixel = row * part.columns + Math.floor(x / stride[1]);
        for (let channel = 0; channel < channels; channel++) positions[at++] = part.start + pixel * channels + channel;
      }
    }
  }
  return positions;
}

function partsOf(
  weights: Int16Array,
  shape: readonly number[],
  from: readonly number[],
  phases: readonly (readonly Phase[])[],
) {
  const parts: Part[] = [];
  let start = 0;
  for (const rows of phases[0]) {
    for (const columns of phases[1]) {
      const geometry = geometryOf(from, shape[0], rows, columns);
      parts.push({ geometry, weights: tapsOf(weights, shape, rows, columns), columns: columns.count, start });
      start += from[0] * rows.count * columns.count * shape[0] + 64;
    }
  }
  return { parts, bytes: start };
}

/** 8-bit transposed convolutions of one group, as convolutions of the phases of their strides whose results are put between one another. */
export const fastTransposeConv2d: FastKernelFactory = (fast) => {
  const { node, context, typeOf } = fast;
  const { layout: order, groups } = node.attributes;
  if (!isPacked(fast) || order !== "last" || groups !== 1) return undefined;
  const [x, filter] = node.inputs as [Value, Value];
  const [from, shape, to] = [x, filter, node.outputs[0]].map((value) => typeOf(value).shape);
  const window = windowOf(node);
  const { dilation, padding, stride } = window;
  const phases = [phasesOf(window, to, 0), phasesOf(window, to, 1)];
  const plain = dilation.every((step) => step === 1) && padding[0] >= 0 && padding[1] >= 0;
  if (!plain || phases.flat().some(({ taps, padding }) => taps.length === 0 || padding < 0)) return undefined;
  if (elementCount(to) > mostElements) return undefined;
  const scaling = { channels: shape[0], kind: scalingKind(affineOf(x, node)), narrow: context.flavor === "tflite" };
  const products = productsOf(fast, shape[0], storedScaling(node, scaling, context));
  const { parts, bytes } = partsOf(products.weights, shape, from, phases);
  const working = Math.max(...parts.map(({ geometry }) => scratchOf(geometry, bandsOf(geometry)).bytes + 64));
  const positions = positionsOf(to, stride, parts, phases[1].length);
  const blocks = blocksOf(positions, positions.length, () => undefined) ?? [];
  return {
    reads: [x],
    scratch: working + bytes,
    place(layout) {
      const base = layout.scratch + working;
      const convolving = parts.map(({ geometry, weights, start }) =>
        placeConvolution(layout, fast, geometry, { ...products, weights }, base + start),
      );
      const target = layout.addressOf(node.outputs[0]);
      return [...convolving, placeMovement(layout, target, blocks, 1, (position) => base + position)];
    },
  };
};
