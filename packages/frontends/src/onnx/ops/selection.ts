import { elementCount, fromNumbers, isStatic, numbersOf, type Shape, type Tensor, type Value } from "@millrace/ir";
import { add, equal, gather, gatherNd, less, logicalAnd, select, slice, transpose } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { coordinates } from "./coordinates.ts";
import { differentSlices } from "./different-slices.ts";
import { converted, formulaOf } from "./formula.ts";
import { reshaped } from "./weights.ts";

const count = (length: number) => Array.from({ length }, (_, index) => index);

/** The sizes of the last two axes, which have to be known. */
function matrixSizes(node: SourceNode, shape: Shape): readonly number[] {
  const sizes = shape.slice(-2);
  if (sizes.length < 2) return node.invalid(`its data has ${shape.length} axes, not at least 2`);
  if (!isStatic(sizes)) return node.unsupported(`the size [${sizes}] of its matrices is open`, "Give the shape.");
  return sizes;
}

/** Keeps the upper or lower triangle of matrices, counted from the diagonal k, and makes the rest 0. */
function triangle(node: SourceNode): Value {
  const x = node.input(0);
  const { dtype, shape } = x.type;
  const upper = node.attributes.flag("upper", true);
  const [diagonal] = node.has(1) ? node.numbers(1) : [0];
  const sizes = matrixSizes(node, shape);
  const kept = matrixOf(node, sizes, "bool", (row, column) => {
    const above = column - row - diagonal;
    return Number(upper ? above >= 0 : above <= 0);
  });
  const of = formulaOf(node);
  return dtype === "bool" ? of(logicalAnd, x, kept) : of(select, kept, x, 0);
}

function matrixOf(
  node: SourceNode,
  [rows, columns]: readonly number[],
  dtype: Tensor["dtype"],
  element: (row: number, column: number) => number,
): Value {
  node.reserve(8 * rows * columns);
  const numbers = Float64Array.from({ length: rows * columns }, (_, at) =>
    element(Math.floor(at / columns), at % columns),
  );
  return node.constant(fromNumbers(dtype, [rows, columns], numbers));
}

/** Ones on the diagonal k of a matrix as large as the input. */
function diagonalOnes(node: SourceNode): Value {
  const { shape, dtype } = node.input(0).type;
  if (shape.length !== 2) node.invalid(`its data has ${shape.length} axes, not 2`);
  const to = node.attributes.has("dtype") ? node.elementType(node.attributes.integer("dtype")) : dtype;
  const diagonal = node.attributes.integer("k", 0);
  return matrixOf(node, matrixSizes(node, shape), to, (row, column) => Number(column - row === diagonal));
}

/** The second of two values where an index along a new axis is the element, the first elsewhere; indices below 0 count from the end. */
function oneHot(node: SourceNode): Value {
  const [depth] = node.numbers(1);
  const indices = converted(node, node.input(0), "i32");
  const { shape } = indices.type;
  const axis = node.axis(node.attributes.integer("axis", -1), shape.length + 1);
  if (!(depth >= 1 && depth <= 2 ** 24)) node.invalid(`its depth is ${depth}`);
  const of = formulaOf(node);
  const isBelow = of(less, indices, 0);
  const fromFront = of(select, isBelow, of(add, indices, Math.trunc(depth)), indices);
  const places = node.constant(
    fromNumbers(
      "i32",
      [...shape, 0].map((_, at) => (at === axis ? depth : 1)),
      count(depth),
    ),
  );
  const isHot = of(equal, reshaped(node, fromFront, shape.toSpliced(axis, 0, 1)), places);
  const [off, on] = [0, 1].map((at) => node.compute(slice, [node.input(2)], { starts: [at], sizes: [1], steps: [1] }));
  return of(select, isHot, reshaped(node, on, []), reshaped(node, off, []));
}

/** Slices, or elements if there is no axis, where a condition holds. */
function compress(node: SourceNode): Value {
  const x = node.attributes.has("axis") ? node.input(0) : reshaped(node, node.input(0), [elementCount(node.shape(0))]);
  const axis = node.axis(node.attributes.integer("axis", 0), x.type.shape.length);
  const size = x.type.shape[axis];
  const [length, ...others] = node.shape(1);
  if (length === undefined || others.length > 0) node.invalid(`its condition has ${node.shape(1).length} axes, not 1`);
  if (typeof size === "number" && typeof length === "number" && length > size)
    node.invalid(`its condition has ${length} elements for ${size}`);
  const indices = node.isConstant(node.input(1)) ? constantPlaces(node) : computedPlaces(node, axis);
  return node.compute(gather, [x, indices], { axis });
}

function constantPlaces(node: SourceNode): Value {
  const flags = node.numbers(1);
  const indices = [...flags.keys()].filter((at) => flags[at] !== 0);
  return node.constant(fromNumbers("i32", [indices.length], indices));
}

function computedPlaces(node: SourceNode, axis: number): Value {
  const stated = node.statedShape();
  const places = coordinates(node, node.input(1), stated?.[node.attributes.has("axis") ? axis : 0]);
  return reshaped(node, places, [places.type.shape[0]]);
}

/** Indices of the elements that are not 0: a row for each axis. */
function nonZero(node: SourceNode): Value {
  const x = node.input(0);
  if (node.isConstant(x)) return constantNonZero(node);
  const vector = x.type.shape.length === 0 ? reshaped(node, x, [1]) : x;
  const found = coordinates(node, vector, node.statedShape()?.[1]);
  return node.compute(transpose, [found], { permutation: [1, 0] });
}

function constantNonZero(node: SourceNode): Value {
  const { shape: own, ...tensor } = node.tensor(0);
  const shape = own.length === 0 ? [1] : own;
  const numbers = numbersOf({ shape, ...tensor });
  const found = Array.from(numbers, (number, at) => (number === 0 ? -1 : at)).filter((at) => at >= 0);
  const rows = shape.map((size, axis) => {
    const below = elementCount(shape.slice(axis + 1));
    return found.map((at) => Math.floor(at / below) % size);
  });
  return node.constant(fromNumbers("i64", [rows.length, found.length], rows.flat()));
}

/** The first elements along the time axis in reverse, a constant number of them for each index of the batch axis. */
function reversedSequences(node: SourceNode): Value {
  const x = node.input(0);
  const { shape } = x.type;
  const time = node.axis(node.attributes.integer("time_axis", 0), shape.length);
  const batch = node.axis(node.attributes.integer("batch_axis", 1), shape.length);
  const lengths = node.numbers(1);
  const size = shape[time];
  if (typeof size === "string")
    return node.unsupported(`the size ${size} of its time axis is open`, `Give the size of ${size}.`);
  if (time === batch || lengths.length !== shape[batch] || lengths.some((length) => length > size))
    node.invalid(`it has the lengths [${lengths}] for ${shape[batch]} sequences of ${size}`);
  node.reserve(32 * lengths.length * size);
  const places = lengths.flatMap((length, at) =>
    count(size).flatMap((step) => [at, step < length ? length - 1 - step : step]),
  );
  const indices = node.constant(fromNumbers("i32", [lengths.length, size, 2], places));
  const order = [batch, time, ...[...shape.keys()].filter((axis) => axis !== batch && axis !== time)];
  const back = order.map((_, axis) => order.indexOf(axis));
  const turned = node.compute(transpose, [x], { permutation: order });
  return node.compute(transpose, [node.compute(gatherNd, [turned, indices], {})], { permutation: back });
}

/** Operators that choose elements by where they are or what they hold. */
export const selections: Readonly<Record<string, Importer>> = {
  Trilu: triangle,
  EyeLike: diagonalOnes,
  OneHot: oneHot,
  Compress: compress,
  NonZero: nonZero,
  Unique: differentSlices,
  ReverseSequence: reversedSequences,
};
