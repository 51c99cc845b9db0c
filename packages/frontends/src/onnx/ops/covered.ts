import { elementCount, fromNumbers, type Value, windowCount } from "@millrace/ir";
import { gather, pad } from "@millrace/ops";
import type { SourceNode } from "../source-node.ts";
import { knownSize } from "./known-shape.ts";
import { reach, type Sliding, type Window } from "./spatial.ts";
import { reshaped } from "./weights.ts";

/** How many positions a window has along an axis of `size`. */
export function positionsOf(node: SourceNode, size: number, sliding: Sliding): number {
  const { kernel, stride, dilation, before, after } = sliding;
  const positions = windowCount(size, kernel, stride, dilation, before + after) as number;
  if (positions < 1) node.invalid(`a window of ${reach(sliding)} elements does not fit ${size}`);
  return positions;
}

/** Indices of the elements that each position of a window covers, from -before up to those after the data. */
export function coveredBy(sliding: Sliding, positions: number): readonly (readonly number[])[] {
  const { kernel, stride, dilation, before } = sliding;
  return Array.from({ length: positions }, (_, at) =>
    Array.from({ length: kernel }, (_, tap) => at * stride + tap * dilation - before),
  );
}

/** Data [outer, size, inner] as [outer, positions, kernel, inner]: what a window covers along the second axis, padded with zeros. */
export function windowsAlong(node: SourceNode, x: Value, sliding: Sliding): Value {
  const { before, after, kernel } = sliding;
  const positions = positionsOf(node, knownSize(node, x.type.shape[1]), sliding);
  const padded = before + after > 0 ? node.compute(pad, [x], paddingOf(before, after)) : x;
  node.reserve(positions * (64 + 16 * kernel));
  const covered = coveredBy({ ...sliding, before: 0 }, positions).flat();
  return node.compute(gather, [padded, node.constant(fromNumbers("i32", [positions, kernel], covered))], { axis: 1 });
}

function paddingOf(before: number, after: number) {
  return { before: [0, before, 0], after: [0, after, 0], mode: "constant", value: 0 };
}

/** Data [batch, channels, …] folded along each spatial axis in turn; `fold` gets its windows as [outer, positions, kernel, inner]. */
export function foldAlongAxes(
  node: SourceNode,
  x: Value,
  window: Window,
  fold: (windows: Value, axis: number) => Value,
): Value {
  return window.reduce((value, sliding, axis) => {
    const [lead, [size, ...behind]] = [value.type.shape.slice(0, axis + 2), value.type.shape.slice(axis + 2)];
    const lines = reshaped(node, value, [elementCount(lead), size, elementCount(behind)]);
    const folded = fold(windowsAlong(node, lines, sliding), axis);
    return reshaped(node, folded, [...lead, folded.type.shape[1], ...behind]);
  }, x);
}
