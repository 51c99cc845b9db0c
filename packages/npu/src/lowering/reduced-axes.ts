import { elementCount, type Node } from "@millrace/ir";
import { sizesOf } from "./shared-rules.ts";

/** A reduction as one of the middle axis of three: `outer` times, `taps` numbers become one, `inner` of them side by side. */
export interface ReducedAxes {
  readonly outer: number;
  readonly taps: number;
  readonly inner: number;
}

/** The axes that a node reduces as one axis; undefined unless they follow one another. */
export function reducedAxes({ inputs, attributes }: Node): ReducedAxes | undefined {
  const axes = new Set(attributes.axes as readonly number[]);
  const long = sizesOf(inputs[0]!).flatMap((size, axis) => (size > 1 ? [{ size, reduced: axes.has(axis) }] : []));
  const first = Math.max(
    0,
    long.findIndex(({ reduced }) => reduced),
  );
  const end = long.findLastIndex(({ reduced }) => reduced) + 1;
  if (long.slice(first, end).some(({ reduced }) => !reduced)) return undefined;
  const product = (from: number, to?: number) => elementCount(long.slice(from, to).map(({ size }) => size));
  return { outer: product(0, first), taps: product(first, end), inner: product(end) };
}
