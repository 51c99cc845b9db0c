import type { Range } from "../range.ts";
import type { Histogram } from "./histogram.ts";

/** How much is lost when reals are cut to a range and rounded to `levels` steps in it. */
export type Loss = (histogram: Histogram, range: Range, levels: number) => number;

/** Parts of the whole range that are tried for each of its ends. */
const candidates = 64;
const rounds = 2;

/** The range about zero with the least loss: one end after the other is drawn in, and both together before. */
export function leastLoss(histogram: Histogram, loss: Loss, levels: number): Range {
  const minimum = Math.min(0, histogram.range.minimum);
  const maximum = Math.max(0, histogram.range.maximum);
  let best = { minimum, maximum };
  let least = loss(histogram, best, levels);
  const attempt = (range: Range) => {
    const value = loss(histogram, range, levels);
    if (value < least) [best, least] = [range, value];
  };
  const parts = Array.from({ length: candidates - 1 }, (_, index) => (index + 1) / candidates);
  for (const part of parts) attempt({ minimum: minimum * part, maximum: maximum * part });
  for (let round = 0; round < rounds; round++) {
    for (const part of parts) attempt({ minimum: best.minimum, maximum: maximum * part });
    for (const part of parts) attempt({ minimum: minimum * part, maximum: best.maximum });
  }
  return best;
}

/** Mean squared error: (range / levels)² / 12 for what lies within, the distance squared for what is cut off. */
export const squaredError: Loss = ({ width, bins: { first, counts } }, { minimum, maximum }, levels) => {
  const step = (maximum - minimum) / levels;
  let sum = 0;
  for (let index = 0; index < counts.length; index++) {
    const center = (first + index + 0.5) * width;
    const over = center > maximum ? center - maximum : center < minimum ? minimum - center : 0;
    sum += counts[index] * (over > 0 ? over * over : (step * step) / 12);
  }
  return sum;
};

/** Bins that a step must have at least: with fewer, rounding to steps seems to lose nothing, and ranges come out far too narrow. */
const binsPerStep = 4;

/**
 * Kullback–Leibler divergence of the rounded numbers from the cut ones, as in TensorRT's calibration: what is cut off counts at the ends, and
 * each step's numbers are spread evenly over its bins that are not empty.
 */
export const divergence: Loss = ({ width, bins: { first, counts } }, { minimum, maximum }, levels) => {
  const from = Math.max(0, Math.floor(minimum / width) - first);
  const to = Math.min(counts.length, Math.ceil(maximum / width) - first);
  if (to - from < Math.min(counts.length, binsPerStep * levels)) return Number.POSITIVE_INFINITY;
  const kept = counts.slice(from, to);
  const cut = kept.slice();
  for (let index = 0; index < from; index++) cut[0] += counts[index];
  for (let index = to; index < counts.length; index++) cut[cut.length - 1] += counts[index];
  return relativeEntropy(cut, evened(kept, cut, Math.min(levels, kept.length)));
};

/** The kept counts after rounding to `steps` steps: each step's sum over its bins that are not empty in `cut`. */
function evened(kept: Float64Array, cut: Float64Array, steps: number): Float64Array {
  const result = new Float64Array(kept.length);
  for (let step = 0; step < steps; step++) {
    const from = Math.floor((step * kept.length) / steps);
    const to = Math.floor(((step + 1) * kept.length) / steps);
    let [sum, filled] = [0, 0];
    for (let at = from; at < to; at++) {
      sum += kept[at];
      if (cut[at] > 0) filled++;
    }
    for (let at = from; at < to; at++) if (cut[at] > 0) result[at] = sum / filled;
  }
  return result;
}

/** Stands for no count at all where there should be one, so that what is cut off costs something finite. */
const leastCount = 1e-4;

function relativeEntropy(p: Float64Array, q: Float64Array): number {
  const [sumP, sumQ] = [sumOf(p), sumOf(q)];
  let result = sumQ > 0 ? 0 : Number.POSITIVE_INFINITY;
  for (let at = 0; at < p.length && sumQ > 0; at++)
    if (p[at] > 0) result += (p[at] / sumP) * Math.log((p[at] * sumQ) / (Math.max(q[at], leastCount) * sumP));
  return result;
}

function sumOf(counts: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < counts.length; index++) sum += counts[index];
  return sum;
}
