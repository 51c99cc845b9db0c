/** Corners of a box: y, x, y, x, the lesser ones first. */
export type Box = readonly [number, number, number, number];

const single = Math.fround;

function areaOf([top, left, bottom, right]: Box): number {
  return single(single(bottom - top) * single(right - left));
}

/** The share of two boxes' union that both cover, in float32; 0 where one is empty. */
export function overlap(a: Box, b: Box): number {
  const [areaA, areaB] = [areaOf(a), areaOf(b)];
  if (areaA <= 0 || areaB <= 0) return 0;
  const height = Math.max(0, single(Math.min(a[2], b[2]) - Math.max(a[0], b[0])));
  const width = Math.max(0, single(Math.min(a[3], b[3]) - Math.max(a[1], b[1])));
  const shared = single(height * width);
  return single(shared / single(single(areaA + areaB) - shared));
}

/** Places of the numbers, greatest first; of equals the first. */
export function decreasing(values: ArrayLike<number>): readonly number[] {
  return Array.from(values, (_, at) => at).sort((a, b) => values[b] - values[a] || a - b);
}

/** How many boxes are kept at most, from which score on, and how far they may overlap better ones. */
export interface Suppression {
  readonly most: number;
  readonly scoreThreshold: number;
  readonly overlapThreshold: number;
}

/** Places of the boxes that are kept, best first: each that no better kept one overlaps by more than the threshold. */
export function suppress(
  boxes: readonly Box[],
  scores: ArrayLike<number>,
  { most, scoreThreshold, overlapThreshold }: Suppression,
): readonly number[] {
  const kept: number[] = [];
  for (const box of decreasing(scores)) {
    if (kept.length >= most || !(scores[box] >= scoreThreshold)) break;
    if (kept.every((other) => !(overlap(boxes[other], boxes[box]) > overlapThreshold))) kept.push(box);
  }
  return kept;
}
