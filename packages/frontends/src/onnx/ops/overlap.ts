import { fromNumbers, type Value } from "@millrace/ir";
import { gather, pad, sum } from "@millrace/ops";
import type { SourceNode } from "../source-node.ts";
import type { Sliding } from "./spatial.ts";

/** An element of a window that falls on some element of the result. */
interface Contribution {
  readonly position: number;
  readonly tap: number;
}

/** For each of `size` elements, what windows laid down at `positions` steps put on it. */
export function overlapping(
  node: SourceNode,
  size: number,
  positions: number,
  sliding: Sliding,
): readonly (readonly Contribution[])[] {
  const { kernel, stride, dilation, before } = sliding;
  node.reserve(64 * (size + positions * kernel));
  const lists = Array.from({ length: size }, (): Contribution[] => []);
  for (let position = 0; position < positions; position++)
    for (let tap = 0; tap < kernel; tap++) lists[position * stride + tap * dilation - before]?.push({ position, tap });
  return lists;
}

/** Sums of elements along the second axis of data [outer, size, inner]: one result for each list of indices. */
export function sumOfPicks(node: SourceNode, x: Value, lists: readonly (readonly number[])[]): Value {
  const size = x.type.shape[1] as number;
  const most = lists.reduce((count, list) => Math.max(count, list.length), 1);
  node.reserve(16 * most * lists.length);
  const picks = lists.flatMap((list) => [...list, ...new Array<number>(most - list.length).fill(size)]);
  const source = picks.includes(size)
    ? node.compute(pad, [x], { before: [0, 0, 0], after: [0, 1, 0], mode: "constant", value: 0 })
    : x;
  const table = node.constant(fromNumbers("i32", [lists.length, most], picks));
  return node.compute(sum, [node.compute(gather, [source, table], { axis: 1 })], { axes: [2], keepDims: false });
}
