import { elementCount, type Value } from "@millrace/ir";
import {
  argMax,
  cumulativeSum,
  equal,
  gather,
  less,
  logicalAnd,
  logicalOr,
  reduceAny,
  sub,
  sum,
  transpose,
  unique,
} from "@millrace/ops";
import type { SourceNode } from "../source-node.ts";
import { coordinates } from "./coordinates.ts";
import { counting } from "./counting.ts";
import { converted, formulaOf } from "./formula.ts";
import { knownShape } from "./known-shape.ts";
import { sortedUnique } from "./unique.ts";
import { reshaped, sliced } from "./weights.ts";

/** Pairs of slices that are compared, at most, and elements of one of them: each takes a few nodes. */
const most = { pairs: 2 ** 22, elements: 64 };

/** The different slices along an axis, or elements without one; where each is first, which of them every slice is, and how often each is there. */
export function differentSlices(node: SourceNode): readonly (Value | undefined)[] {
  const x = node.input(0);
  const isSorted = node.attributes.flag("sorted", true);
  const axis = node.attributes.has("axis")
    ? node.axis(node.attributes.integer("axis"), x.type.shape.length)
    : undefined;
  if (node.isConstant(x)) return sortedUnique(node.tensor(0), axis, isSorted).map((result) => node.constant(result));
  const vector = axis === undefined ? reshaped(node, x, [elementCount(x.type.shape)]) : x;
  if (isSorted || vector.type.shape.length !== 1 || node.wants(1) || node.wants(3))
    return comparedSlices(node, vector, axis ?? 0, isSorted);
  const attributes = { shape: [node.decidedSize(node.statedShape()?.[0])], to: "i64" };
  const [values, kinds] = node.computeAll(unique, [vector], attributes);
  return [values, undefined, kinds];
}

/** Every slice is compared with every other. Those that equal no earlier one are the results, in order of the number of lesser ones if they are sorted. */
function comparedSlices(node: SourceNode, x: Value, axis: number, isSorted: boolean): readonly Value[] {
  const of = formulaOf(node);
  const count = knownShape(node, x.type.shape)[axis];
  const { same, before } = comparisons(node, x, axis, count);
  const whole = converted(node, same, "i32");
  const first = node.compute(argMax, [whole], { axis: 1, keepDims: false, to: "i32" });
  const isFirst = of(equal, first, counting(node, [count]));
  const occurrences = node.compute(sum, [whole], { axes: [1], keepDims: false });
  const places = isSorted ? lesserSlices(node, before, isFirst, count) : earlierSlices(node, isFirst, first);
  const chosen = isSorted ? placesInOrder(node, places, isFirst, axis) : foundPlaces(node, isFirst, axis);
  return [
    node.compute(gather, [x, chosen], { axis }),
    converted(node, chosen, "i64"),
    converted(node, places, "i64"),
    converted(node, node.compute(gather, [occurrences, chosen], { axis: 0 }), "i64"),
  ];
}

/** Whether slices are the same, and whether the second is less than the first at the first place where they differ: bool [count, count]. */
function comparisons(node: SourceNode, x: Value, axis: number, count: number) {
  const of = formulaOf(node);
  const { shape } = x.type;
  const permutation = [axis, ...Array.from(shape.keys()).filter((at) => at !== axis)];
  const elements = elementCount(knownShape(node, shape)) / Math.max(1, count);
  if (count * count > most.pairs || elements > most.elements || count === 0)
    node.unsupported(
      `it compares ${count} slices of ${elements} elements`,
      `Compare at most ${Math.sqrt(most.pairs)} slices of ${most.elements} elements each, and one at least.`,
    );
  const rows = reshaped(node, node.compute(transpose, [x], { permutation }), [count, elements]);
  let same: Value | undefined;
  let before: Value | undefined;
  for (let element = 0; element < elements; element++) {
    const column = sliced(node, rows, 1, element, 1);
    const row = reshaped(node, column, [1, count]);
    const lesser = of(less, row, column);
    before = same && before ? of(logicalOr, before, of(logicalAnd, same, lesser)) : lesser;
    same = same ? of(logicalAnd, same, of(equal, column, row)) : of(equal, column, row);
  }
  return same && before ? { same, before } : node.invalid("its slices have no elements");
}

/** How many different slices are less than each: int32 [count]. */
function lesserSlices(node: SourceNode, before: Value, isFirst: Value, count: number): Value {
  const counted = formulaOf(node)(logicalAnd, before, reshaped(node, isFirst, [1, count]));
  return node.compute(sum, [converted(node, counted, "i32")], { axes: [1], keepDims: false });
}

/** How many different slices come before the first that equals each: int32 [count]. */
function earlierSlices(node: SourceNode, isFirst: Value, first: Value): Value {
  const upTo = node.compute(cumulativeSum, [converted(node, isFirst, "i32")], {
    axis: 0,
    exclusive: false,
    reverse: false,
  });
  return node.compute(gather, [formulaOf(node)(sub, upTo, 1), first], { axis: 0 });
}

function foundPlaces(node: SourceNode, isFound: Value, axis: number): Value {
  const rows = coordinates(node, isFound, node.statedShape()?.[axis]);
  return reshaped(node, rows, [rows.type.shape[0]]);
}

/** Where the first slice of each rank is, in the order of ranks. */
function placesInOrder(node: SourceNode, ranks: Value, isFirst: Value, axis: number): Value {
  const of = formulaOf(node);
  const [count] = knownShape(node, ranks.type.shape);
  const ofRank = of(equal, counting(node, [count, 1]), reshaped(node, ranks, [1, count]));
  const found = of(logicalAnd, ofRank, reshaped(node, isFirst, [1, count]));
  const places = node.compute(argMax, [converted(node, found, "i32")], { axis: 1, keepDims: false, to: "i32" });
  const isThere = node.compute(reduceAny, [found], { axes: [1], keepDims: false });
  return node.compute(gather, [places, foundPlaces(node, isThere, axis)], { axis: 0 });
}
