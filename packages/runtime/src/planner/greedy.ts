import { alignUp } from "./buffer.ts";
import type { Problem } from "./problem.ts";

/** Whether work may go on; asked often. */
export type Clock = () => boolean;

/**
 * Places buffers one by one, each into the smallest gap between those of its lifetime that holds it, else above them.
 * Once time is up, what is left is piled on top. The result is by index of the problem.
 */
export function placeGreedily(problem: Problem, order: Int32Array, inTime: Clock): Float64Array {
  const { size, alignment } = problem;
  const offsets = new Float64Array(problem.count);
  const placed: number[] = [];
  let top = 0;
  let hurried = false;
  order.forEach((index, turn) => {
    hurried ||= turn % 64 === 63 && !inTime();
    offsets[index] = hurried ? alignUp(top, alignment[index]) : bestGap(problem, index, placed, offsets);
    top = Math.max(top, offsets[index] + size[index]);
    if (!hurried) placed.splice(indexAfter(placed, offsets, offsets[index]), 0, index);
  });
  return offsets;
}

/** `placed` is in the order of offsets. */
function bestGap(problem: Problem, index: number, placed: readonly number[], offsets: Float64Array): number {
  const { first, last, size, alignment } = problem;
  const from = first[index];
  const to = last[index];
  let reach = 0;
  let best = Number.POSITIVE_INFINITY;
  let chosen = 0;
  for (const other of placed) {
    if (first[other] > to || last[other] < from) continue;
    const gap = offsets[other] - reach;
    if (gap >= size[index] && gap < best) {
      best = gap;
      chosen = reach;
    }
    reach = Math.max(reach, alignUp(offsets[other] + size[other], alignment[index]));
  }
  return best === Number.POSITIVE_INFINITY ? reach : chosen;
}

function indexAfter(placed: readonly number[], offsets: Float64Array, offset: number): number {
  let low = 0;
  let high = placed.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (offsets[placed[middle]] <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Bytes of the arena that holds all buffers. */
export function heightOf({ size }: Problem, offsets: Float64Array): number {
  return offsets.reduce((most, offset, index) => Math.max(most, offset + size[index]), 0);
}
