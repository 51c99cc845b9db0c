import { elementCount, fromNumbers, type Value } from "@millrace/ir";
import { add, argMax, cast, gather } from "@millrace/ops";
import type { SourceNode } from "../source-node.ts";
import { counting } from "./counting.ts";
import { coveredBy, positionsOf } from "./covered.ts";
import { formulaOf } from "./formula.ts";
import { knownShape } from "./known-shape.ts";
import type { Window } from "./spatial.ts";
import { reshaped } from "./weights.ts";

/**
 * The int64 place in the whole data of the maximum of each window, the first of equals; with `columnFirst` the elements of
 * a channel are numbered along the first spatial axis first. Outside the data, windows see their nearest element inside.
 */
export function placesOfMaxima(node: SourceNode, window: Window, columnFirst: boolean): Value {
  const of = formulaOf(node);
  const shape = knownShape(node, node.shape(0));
  const [lead, sizes] = [shape.slice(0, 2), shape.slice(2)];
  const [channels, area] = [elementCount(lead), elementCount(sizes)];
  const positions = window.map((sliding, axis) => positionsOf(node, sizes[axis], sliding));
  const covered = coveredPlaces(node, window, sizes, positions, false);
  const count = elementCount(positions);
  const taps = covered.length / count;
  const windows = node.compute(
    gather,
    [reshaped(node, node.input(0), [channels, area]), node.constant(fromNumbers("i32", [count, taps], covered))],
    { axis: 1 },
  );
  const choice = node.compute(argMax, [windows], { axis: 2, keepDims: false, to: "i32" });
  const numbers = columnFirst ? coveredPlaces(node, window, sizes, positions, true) : covered;
  const table = node.constant(fromNumbers("i32", [numbers.length], numbers));
  const inside = node.compute(gather, [table, of(add, choice, counting(node, [count], { step: taps }))], { axis: 0 });
  const starts = counting(node, [channels, 1], { step: area });
  const places = reshaped(node, of(add, inside, starts), [...lead, ...positions]);
  return node.compute(cast, [places], { to: "i64" });
}

/** Numbers of the elements that each window covers, window by window; positions and taps both vary along the last axis first. */
function coveredPlaces(
  node: SourceNode,
  window: Window,
  sizes: readonly number[],
  positions: readonly number[],
  columnFirst: boolean,
): readonly number[] {
  node.reserve(32 * elementCount(positions) * elementCount(window.map(({ kernel }) => kernel)));
  return window
    .reduce<readonly (readonly number[])[]>(
      (places, sliding, axis) => {
        const step = elementCount(columnFirst ? sizes.slice(0, axis) : sizes.slice(axis + 1));
        const lines = coveredBy(sliding, positions[axis]).map((taps) =>
          insideOnly(node, taps, sizes[axis]).map((at) => at * step),
        );
        return places.flatMap((outer) => lines.map((line) => outer.flatMap((start) => line.map((at) => start + at))));
      },
      [[0]],
    )
    .flat();
}

/** The taps of a window, those outside the data in the place of the nearest one inside. */
function insideOnly(node: SourceNode, taps: readonly number[], size: number): readonly number[] {
  const inside = taps.filter((at) => at >= 0 && at < size);
  if (inside.length === 0) node.unsupported("a window covers padding only", "Use less padding.");
  return taps.map((at) => Math.min(inside[inside.length - 1], Math.max(inside[0], at)));
}
