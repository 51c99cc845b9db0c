import {
  elementCount,
  fromNumbers,
  isStatic,
  numbersOf,
  type Operator,
  type Shape,
  stridesOf,
  type Value,
} from "@millrace/ir";
import {
  add,
  argMax,
  argMin,
  cast,
  concat,
  floorMod,
  gather,
  gatherNd,
  mul,
  nonMaxSuppression,
  reshape,
  shapeOf,
  slice,
  topK,
  transpose,
  where,
} from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { converted, formulaOf } from "./formula.ts";
import { knownShape, knownSize } from "./known-shape.ts";
import { reshaped } from "./weights.ts";

function gathering(node: SourceNode): Value {
  const [data, indices] = [node.input(0), node.input(1)];
  const axis = node.axis(node.attributes.integer("axis", 0), node.shape(0).length);
  const size = data.type.shape[axis];
  const counted = typeof size === "number" ? fromStart(node, indices, size) : indices;
  return node.compute(gather, [data, counted], { axis });
}

/** Indices that are computed while the model runs, counted from the start where they may count from the end of an axis. */
function fromStart(node: SourceNode, indices: Value, size: number): Value {
  return mayBeBelowZero(node, indices) ? formulaOf(node)(floorMod, indices, Math.max(1, size)) : indices;
}

/** The same for rows of indices [..., axes], which name places along the first axes of data. */
function rowsFromStart(node: SourceNode, indices: Value, shape: Shape): Value {
  const sizes: Shape = shape.slice(0, indices.type.shape.at(-1) as number);
  if (!isStatic(sizes) || !mayBeBelowZero(node, indices)) return indices;
  const rows = reshaped(node, indices, [elementCount(indices.type.shape.slice(0, -1)), sizes.length]);
  const limits = fromNumbers(
    indices.type.dtype,
    [1, sizes.length],
    sizes.map((size) => Math.max(1, size)),
  );
  return reshaped(node, formulaOf(node)(floorMod, rows, node.constant(limits)), indices.type.shape);
}

function mayBeBelowZero(node: SourceNode, indices: Value): boolean {
  if (indices.constant || isPosition(indices)) return false;
  return !node.isConstant(indices) || indices.producer === undefined;
}

/** How many values are looked at before indices are taken for such as may be below zero. */
const mostValues = 64;
const findsPositions: readonly Operator[] = [argMax, argMin, topK, shapeOf, where, nonMaxSuppression];
/** Operators whose results are elements of their inputs, or of the first one alone. */
const movesElements: readonly Operator[] = [cast, concat, reshape, transpose, slice, gather];

/** Whether indices are positions that operators found, or constant ones, which are never below zero. */
function isPosition(indices: Value): boolean {
  const seen = new Set([indices]);
  for (const { producer, constant, type } of seen) {
    if (type.dtype.startsWith("u")) continue;
    if (constant && Array.from(numbersOf(constant)).every((index) => index >= 0)) continue;
    if (producer === undefined || seen.size > mostValues) return false;
    if (findsPositions.includes(producer.op)) continue;
    if (!movesElements.includes(producer.op)) return false;
    for (const input of producer.op === gather ? producer.inputs.slice(0, 1) : producer.inputs) seen.add(input!);
  }
  return true;
}

/** Numbers of `count` elements in the order of `shape`, without what its axis `axis` adds. */
function startsWithout(axis: number, shape: readonly number[], strides: readonly number[]): readonly number[] {
  return shape.reduce<readonly number[]>(
    (starts, size, at) =>
      starts.flatMap((start) =>
        Array.from({ length: size }, (_, index) => start + (at === axis ? 0 : index * strides[at])),
      ),
    [0],
  );
}

/** int32 numbers, as a vector, of the elements of data of `shape` that indices along `axis` name; those below zero count from its end. */
export function placesAlong(node: SourceNode, indices: Value, shape: readonly number[], axis: number): Value {
  const of = formulaOf(node);
  const sizes = knownShape(node, indices.type.shape);
  if (sizes.length !== shape.length || sizes.some((size, at) => at !== axis && size > shape[at]))
    node.invalid(`its indices of shape [${sizes}] do not fit data of shape [${shape}]`);
  const strides = stridesOf(shape);
  const count = elementCount(sizes);
  node.reserve(32 * count);
  const flat = converted(node, reshaped(node, indices, [count]), "i32");
  const starts = node.constant(fromNumbers("i32", [count], startsWithout(axis, sizes, strides)));
  const along = of(mul, of(floorMod, flat, Math.max(1, shape[axis])), strides[axis]);
  return of(add, along, starts);
}

/** y[i, …] = data[indices[i, …], …], where one index is given for each element along one axis. */
function gatheringElements(node: SourceNode): Value {
  const shape = knownShape(node, node.shape(0));
  const axis = node.axis(node.attributes.integer("axis", 0), shape.length);
  const places = placesAlong(node, node.input(1), shape, axis);
  const flat = reshaped(node, node.input(0), [elementCount(shape)]);
  return reshaped(node, node.compute(gather, [flat, places], { axis: 0 }), node.shape(1));
}

/** Rows of indices name slices; with batch_dims, of the data at the same place in the leading axes. */
function gatheringSlices(node: SourceNode): Value {
  const [data, indices] = [node.input(0), node.input(1)];
  const batchAxes = node.attributes.integer("batch_dims", 0);
  if (batchAxes === 0) return node.compute(gatherNd, [data, rowsFromStart(node, indices, data.type.shape)], {});
  const lead = knownShape(node, data.type.shape.slice(0, batchAxes));
  const batch = elementCount(lead);
  const [rest, rows] = [data, indices].map((value) => value.type.shape.slice(batchAxes));
  const depth = knownSize(node, rows[rows.length - 1] ?? node.invalid("its indices have no axis behind the batch"));
  const count = elementCount(knownShape(node, rows.slice(0, -1)));
  node.reserve(16 * batch * count);
  const numbers = Array.from({ length: batch * count }, (_, at) => Math.floor(at / Math.max(1, count)));
  const index = node.compute(
    concat,
    [
      node.constant(fromNumbers("i32", [batch * count, 1], numbers)),
      converted(node, rowsFromStart(node, reshaped(node, indices, [batch * count, depth]), rest), "i32"),
    ],
    { axis: 1 },
  );
  const picked = node.compute(gatherNd, [reshaped(node, data, [batch, ...rest]), index], {});
  return reshaped(node, picked, [...lead, ...rows.slice(0, -1), ...picked.type.shape.slice(1)]);
}

/** Operators that pick elements by indices. */
export const picking: Readonly<Record<string, Importer>> = {
  Gather: gathering,
  GatherElements: gatheringElements,
  GatherND: gatheringSlices,
};
