import { elementCount, fromNumbers, type Value } from "@millrace/ir";
import { add, matmul, mul, transpose } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { coveredBy, positionsOf } from "./covered.ts";
import { formulaOf } from "./formula.ts";
import { interpolated, tapsAt } from "./interpolation.ts";
import { knownShape } from "./known-shape.ts";
import { spatialSizes, type Window, windowOf } from "./spatial.ts";
import { reshaped } from "./weights.ts";

const outside = { mode: "zeros", aligned: true } as const;

/**
 * A convolution whose kernel looks beside its elements, by offsets that are computed while the model runs and shared by the
 * channels of a group (offset_group); what it sees there is interpolated, and scaled by a mask if there is one.
 */
function deformableConvolution(node: SourceNode): Value {
  const sizes = knownShape(node, spatialSizes(node));
  const [batch, channels] = knownShape(node, node.shape(0));
  const weights = node.weights(1);
  const [results, inputs, ...kernel] = knownShape(node, weights.type.shape);
  if (kernel.length !== sizes.length) node.invalid(`its weights have ${kernel.length} spatial axes`);
  const groups = node.attributes.integer("group", 1);
  const parts = node.attributes.integer("offset_group", 1);
  if (inputs * groups !== channels || results % groups !== 0 || channels % parts !== 0)
    node.invalid(
      `${channels} channels do not fit ${groups} groups, ${parts} offset groups and [${weights.type.shape}]`,
    );
  const stated = node.attributes.integers("kernel_shape") ?? kernel;
  if (stated.join() !== kernel.join()) node.invalid(`kernel_shape is [${stated}], and its weights have [${kernel}]`);
  const window = windowOf(node, sizes, kernel);
  const positions = window.map((sliding, axis) => positionsOf(node, sizes[axis], sliding));
  const [taps, area] = [elementCount(kernel), elementCount(positions)];
  const seen = elementsSeen(
    node,
    { images: batch * parts, channels: channels / parts, sizes, taps, area },
    window,
    positions,
  );
  const columns = reshaped(node, seen, [batch, groups, inputs * taps, area]);
  const filters = reshaped(node, weights, [1, groups, results / groups, inputs * taps]);
  const product = node.compute(matmul, [filters, columns], { transposeA: false, transposeB: false });
  const result = reshaped(node, product, [batch, results, ...positions]);
  if (!node.has(3)) return result;
  return formulaOf(node)(add, result, reshaped(node, node.weights(3), [results, ...positions.map(() => 1)]));
}

/** Images of the channels that share offsets, and how many elements of the kernel look at how many positions. */
interface Seen {
  readonly images: number;
  readonly channels: number;
  readonly sizes: readonly number[];
  readonly taps: number;
  readonly area: number;
}

/** What the kernel's elements see at every position: [images, channels, taps, area]. */
function elementsSeen(
  node: SourceNode,
  { images, channels, sizes, taps, area }: Seen,
  window: Window,
  positions: readonly number[],
): Value {
  const of = formulaOf(node);
  const [axes, points] = [sizes.length, images * taps * area];
  const offsets = reshaped(node, node.input(2), [images, taps, axes, area]);
  const byPoint = node.compute(transpose, [offsets], { permutation: [0, 1, 3, 2] });
  const places = of(add, reshaped(node, byPoint, [images, taps * area, axes]), regularPlaces(node, window, positions));
  node.reserve(16 * points);
  const numbers = Array.from({ length: points }, (_, at) => Math.floor(at / (taps * area)));
  const values = interpolated(
    node,
    tapsAt(
      node,
      {
        x: reshaped(node, node.input(0), [images, channels, ...sizes]),
        image: node.constant(fromNumbers("i32", [points], numbers)),
        places: reshaped(node, places, [points, axes]),
      },
      "linear",
      outside,
    ),
  );
  const masked = node.has(4) ? of(mul, values, reshaped(node, node.input(4), [points, 1])) : values;
  const byImage = reshaped(node, masked, [images, taps * area, channels]);
  return node.compute(transpose, [byImage], { permutation: [0, 2, 1] });
}

/** Places [1, taps · positions, axes] that the kernel's elements look at without offsets. */
function regularPlaces(node: SourceNode, window: Window, positions: readonly number[]): Value {
  const kernel = window.map(({ kernel }) => kernel);
  const count = elementCount(kernel) * elementCount(positions);
  node.reserve(32 * count * (window.length + 1));
  const lines = window.map((sliding, axis) => coveredBy(sliding, positions[axis]));
  const at = (tap: readonly number[], position: readonly number[]) =>
    lines.map((line, axis) => line[position[axis]][tap[axis]]);
  const spots = everyIndex(positions);
  const places = everyIndex(kernel).flatMap((tap) => spots.flatMap((position) => at(tap, position)));
  return node.constant(fromNumbers("f32", [1, count, window.length], places));
}

/** Indices of all elements of a shape, the last axis varying first. */
function everyIndex(shape: readonly number[]): readonly (readonly number[])[] {
  return shape.reduce<readonly (readonly number[])[]>(
    (starts, size) => starts.flatMap((start) => Array.from({ length: size }, (_, at) => [...start, at])),
    [[]],
  );
}

export const deformables: Readonly<Record<string, Importer>> = { DeformConv: deformableConvolution };
