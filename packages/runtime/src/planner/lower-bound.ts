import { alignUp } from "./buffer.ts";
import type { Problem } from "./problem.ts";

/** Every offset and every end of a gapless pile is a multiple of this. */
export function granularityOf({ size, alignment }: Problem): number {
  return Math.max(1, [...size, ...alignment].reduce(greatestCommonDivisor, 0));
}

/**
 * Bytes that the live buffers of some section need: all offsets are multiples of the alignments' common divisor, so each
 * buffer but the topmost takes up a multiple of it.
 */
export function lowerBoundOf({ count, sections, first, last, size, alignment }: Problem): number {
  const unit = Math.max(1, alignment.reduce(greatestCommonDivisor, 0));
  const rounded = new Float64Array(sections + 1);
  const slack = new Float64Array(sections);
  for (let index = 0; index < count; index++) {
    const taken = alignUp(size[index], unit);
    rounded[first[index]] += taken;
    rounded[last[index] + 1] -= taken;
    if (taken === size[index]) continue;
    for (let section = first[index]; section <= last[index]; section++)
      slack[section] = Math.max(slack[section], taken - size[index]);
  }
  let bound = 0;
  let live = 0;
  for (let section = 0; section < sections; section++) {
    live += rounded[section];
    bound = Math.max(bound, live - slack[section]);
  }
  return bound;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
