import { elementCount, fromNumbers, stridesOf, type Value } from "@millrace/ir";
import { add, concat, floorMod, gather, greaterEqual, less, logicalAnd, mul, select, sub, sum } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { counting } from "./counting.ts";
import { converted, formulaOf } from "./formula.ts";
import { knownShape, knownSize } from "./known-shape.ts";
import { continued } from "./padding.ts";
import { placesAlong } from "./picking.ts";
import { scatteredRows } from "./scatter-rows.ts";
import { perAxis, spatialSizes, windowOf } from "./spatial.ts";
import { reshaped } from "./weights.ts";

/** data with data[indices[i, …], …] = updates[i, …], where one index is given for each update along one axis. */
function scatteringElements(node: SourceNode): Value {
  const shape = knownShape(node, node.shape(0));
  const axis = node.axis(node.attributes.integer("axis", 0), shape.length);
  const places = placesAlong(node, node.input(1), shape, axis);
  const [data, updates] = [0, 2].map((index) => asColumn(node, node.input(index)));
  return reshaped(node, scatteredRows(node, data, places, updates), shape);
}

function asColumn(node: SourceNode, value: Value): Value {
  return reshaped(node, value, [elementCount(knownShape(node, value.type.shape)), 1]);
}

/** Rows of indices name the slices that updates are for; indices below zero count from the end. */
function scatteringSlices(node: SourceNode): Value {
  const of = formulaOf(node);
  const [data, indices, updates] = [0, 1, 2].map((index) => node.input(index));
  const [shape, rows] = [data, indices].map((value) => knownShape(node, value.type.shape));
  const depth = rows.at(-1) ?? node.invalid("its indices have no axes");
  if (depth > shape.length) node.invalid(`its indices name ${depth} axes of data with ${shape.length}`);
  const [named, slice] = [shape.slice(0, depth), shape.slice(depth)];
  const count = elementCount(rows.slice(0, -1));
  const perNamed = (numbers: readonly number[]) => node.constant(fromNumbers("i32", [depth], numbers));
  const flat = converted(node, reshaped(node, indices, [count, depth]), "i32");
  const inside = of(floorMod, flat, perNamed(named.map((size) => Math.max(1, size))));
  const numbers = of(mul, inside, perNamed(stridesOf(named)));
  const places = node.compute(sum, [numbers], { axes: [1], keepDims: false });
  const width = elementCount(slice);
  const table = reshaped(node, data, [elementCount(named), width]);
  return reshaped(node, scatteredRows(node, table, places, reshaped(node, updates, [count, width])), shape);
}

/**
 * A cache with an update written along one axis, in each sequence of the batch from its write index on; with mode circular it
 * goes on at the start. Every place picks its element from the cache or from the update behind it.
 */
function writingCache(node: SourceNode): Value {
  const of = formulaOf(node);
  const [cache, update] = [node.input(0), node.input(1)];
  const shape = knownShape(node, cache.type.shape);
  const axis = node.axis(node.attributes.integer("axis", -2), shape.length);
  const mode = node.attributes.text("mode", "linear");
  if (mode !== "linear" && mode !== "circular") node.unsupported(`mode is ${mode}`, "Use linear or circular.");
  const [length, written] = [shape[axis], knownSize(node, update.type.shape[axis])];
  const [batch, heads] = [shape[0], elementCount(shape.slice(1, axis))];
  if (axis === 0 || batch * heads * (length + written) > 2 ** 31) node.invalid(`axis is ${axis} of [${shape}]`);
  const places = counting(node, [1, length]);
  const starts = node.has(2)
    ? converted(node, reshaped(node, node.input(2), [batch, 1]), "i32")
    : node.scalar(0, "i32");
  const ahead = of(sub, places, starts);
  const at = mode === "circular" ? of(floorMod, ahead, Math.max(1, length)) : ahead;
  const isWritten = of(logicalAnd, of(greaterEqual, at, 0), of(less, at, written));
  const source = of(select, isWritten, of(add, at, length), places);
  const first = counting(node, [batch, heads, 1], { step: length + written });
  const both = node.compute(concat, [cache, update], { axis });
  const rows = reshaped(node, both, [batch * heads * (length + written), elementCount(shape.slice(axis + 1))]);
  const numbers = of(add, first, reshaped(node, source, [source.type.shape[0], 1, length]));
  return reshaped(node, node.compute(gather, [rows, numbers], { axis: 0 }), shape);
}

/** Puts maxima back at their places in data of zeros, which is cropped or padded at its ends to output_shape. */
function unpooling(node: SourceNode): Value {
  const { attributes } = node;
  const sizes = spatialSizes(node).map((size) => knownSize(node, size));
  const kernel = attributes.integers("kernel_shape") ?? [];
  if (kernel.length !== sizes.length) node.invalid(`kernel_shape is [${kernel}] for ${sizes.length} axes`);
  const window = windowOf(node, sizes, perAxis(node, "kernel_shape", kernel, sizes.length));
  const lead = knownShape(node, node.shape(0).slice(0, 2));
  const shape = [
    ...lead,
    ...window.map(({ kernel, stride, before, after }, axis) => (sizes[axis] - 1) * stride + kernel - before - after),
  ];
  const count = elementCount(shape);
  node.reserve(4 * count);
  const empty = node.constant(fromNumbers(node.input(0).type.dtype, [count, 1], new Float64Array(count)));
  const places = reshaped(node, node.input(1), [elementCount(knownShape(node, node.shape(1)))]);
  const placed = scatteredRows(node, empty, converted(node, places, "i32"), asColumn(node, node.input(0)));
  const result = reshaped(node, placed, shape);
  if (!node.has(2)) return result;
  const target = node.numbers(2);
  if (target.length !== shape.length) node.invalid(`output_shape is [${target}]`);
  const none = shape.map(() => 0);
  return continued(
    node,
    result,
    none,
    target.map((size, axis) => size - shape[axis]),
    "constant",
  );
}

/** Operators that place elements by indices. */
export const scattering: Readonly<Record<string, Importer>> = {
  Scatter: scatteringElements,
  ScatterElements: scatteringElements,
  ScatterND: scatteringSlices,
  TensorScatter: writingCache,
  MaxUnpool: unpooling,
};
