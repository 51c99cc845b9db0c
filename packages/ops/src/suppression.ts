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

/** A box that is still to be looked at, and how many of the kept ones its score was compared with. */
interface Candidate {
  readonly box: number;
  readonly score: number;
  readonly seen: number;
}

/** A box that is kept, with its score as other boxes have lowered it. */
export interface Kept {
  readonly box: number;
  readonly score: number;
}

/**
 * The kept boxes, best first, of equals the first: of those with more than the least score each that no better one overlaps by as much as the
 * threshold. With a `sigma` above 0 every overlap also lowers a score by the factor exp(-overlap² / (2 sigma)), in float32 (Soft-NMS).
 */
export function suppressSoftly(
  boxes: readonly Box[],
  scores: ArrayLike<number>,
  { most, scoreThreshold, overlapThreshold }: Suppression,
  sigma: number,
): readonly Kept[] {
  const decay = sigma > 0 ? single(-0.5 / sigma) : 0;
  const waiting: Candidate[] = decreasing(scores)
    .filter((box) => scores[box] > scoreThreshold)
    .map((box) => ({ box, score: scores[box], seen: 0 }))
    .reverse();
  const kept: Kept[] = [];
  for (let next = waiting.pop(); next && kept.length < most; next = waiting.pop()) {
    const { box, seen } = next;
    const overlaps = kept.slice(seen).map((other) => overlap(boxes[box], boxes[other.box]));
    if (overlaps.some((share) => share >= overlapThreshold)) continue;
    const lowered = overlaps.reduceRight(
      (score, share) => single(score * single(Math.exp(single(single(decay * share) * share)))),
      next.score,
    );
    if (lowered === next.score) kept.push({ box, score: lowered });
    else if (lowered > scoreThreshold) insert(waiting, { box, score: lowered, seen: kept.length });
  }
  return kept;
}

/** Puts a candidate to its place among others of increasing scores, equal ones in decreasing order of their numbers. */
function insert(waiting: Candidate[], candidate: Candidate): void {
  let [low, high] = [0, waiting.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const { score, box } = waiting[middle];
    if (score < candidate.score || (score === candidate.score && box > candidate.box)) low = middle + 1;
    else high = middle;
  }
  waiting.splice(low, 0, candidate);
}
