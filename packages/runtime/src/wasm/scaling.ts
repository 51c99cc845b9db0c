import type { StoredScaling } from "../kernels/finish.ts";

/**
 * How the module brings sums to 8 bits: the upper word of `sum · scale + offset` as a double, plus `base`; `below` is added to the offset for
 * sums below zero. Sums are clamped to [low, high] before, which also clamps the results. Arrays of one kind lie behind
 * one another, each `stride` long.
 */
export interface FastScaling {
  readonly stride: number;
  readonly sums: Int32Array;
  readonly factors: Float64Array;
  /** Scale and offset in single precision, which do for sums whose results are clear of the middle between integers. */
  readonly singles: Float32Array;
  readonly base: number;
  readonly zeroPoint: number;
  readonly signed: boolean;
}

/** Least and greatest number. */
type Range = readonly [least: number, greatest: number];

/** A double of this size has its whole part in the upper word, with the lower 32 bits for the fraction. */
const anchor = 1.5 * 2 ** 20;
const anchorWord = 0x41380000;
const words = new Int32Array(2);
const double = new Float64Array(words.buffer);

/** Scale, offset and what is added to the offset below zero, of one channel. */
type Factors = readonly [scale: number, offset: number, below: number];

/**
 * The factors that round like the reference: floor((a·m + 2^30 ± 2^(30+e) …) / 2^(31+e)) merges both roundings, since
 * floors of quotients nest.
 */
function factorsOf({ kind, values, shifts }: StoredScaling, channel: number): Factors {
  const value = values[channel];
  if (kind === "real") return [value, anchor + 0.5, -(2 ** -32)];
  const shift = shifts[channel];
  const scale = value * 2 ** (shift - 31);
  if (kind === "single" || shift >= 0) return [scale, anchor + 0.5, 0];
  return [scale, anchor + 0.5 + 2 ** (shift - 1), -(2 ** shift)];
}

/** What the module makes of a sum, before the base is added. */
function scaled(sum: number, [scale, offset, below]: Factors): number {
  double[0] = sum * scale + (sum < 0 ? offset + below : offset);
  return words[1] - anchorWord;
}

/** Results before clamping that the module can tell apart. */
const widest = 2 ** 18;

/** Steps by which the first sum of a result may be missed before a channel is given up. */
const tries = 4;

/** The least sum whose result is `stored` or more, beginning at an estimate; undefined where the estimate is far off. */
function firstSum(stored: number, estimate: number, result: (sum: number) => number): number | undefined {
  let sum = estimate;
  for (let step = 0; step < tries && result(sum) < stored; step++) sum++;
  for (let step = 0; step < tries && result(sum - 1) >= stored; step++) sum--;
  return result(sum) >= stored && result(sum - 1) < stored ? sum : undefined;
}

/**
 * The range that sums in `reach` may be clamped to without another result, if the module then gives the reference's results for all
 * of them. Both rise with the sum, so it is enough to compare them on either side of every step.
 */
function provenRange(
  scaling: StoredScaling,
  channel: number,
  factors: Factors,
  reach: Range,
  [least, greatest]: Range,
): Range | undefined {
  const { multiply, values, shifts, zeroPoint, low, high } = scaling;
  const [scale, offset, below] = factors;
  const clamp = (stored: number, from: number, to: number) => Math.max(from, Math.min(to, stored));
  const result = (sum: number) => clamp(multiply(sum, values[channel], shifts[channel]) + zeroPoint, low, high);
  const agree = (sum: number) => {
    const size = scaled(sum, factors);
    return Math.abs(size) < widest && clamp(size + zeroPoint, least, greatest) === result(sum);
  };
  let [from, to] = reach;
  for (let stored = low + 1; stored <= high; stored++) {
    const size = stored - zeroPoint + anchor - offset;
    const estimate = Math.ceil((size - (size < 0 ? below : 0)) / scale);
    if (estimate > reach[1] + tries && stored === low + 1) from = to;
    if (!(estimate >= reach[0] - tries && estimate <= reach[1] + tries)) continue;
    const sum = firstSum(stored, estimate, result);
    if (sum === undefined || !agree(sum) || !agree(sum - 1)) return undefined;
    if (stored === low + 1) from = sum - 1;
    if (stored === high) to = sum;
  }
  return agree(from) && agree(to) ? [from, to] : undefined;
}

/** Changes of the offset that are tried in turn, by its last place: small factors' results may lie closer to a step than that. */
const nudges = [0, 2 ** -32, -(2 ** -32)];

function provenFactors(scaling: StoredScaling, channel: number, reach: Range, limits: Range) {
  if (!staysInRange(scaling, channel, reach)) return undefined;
  const [scale, offset, below] = factorsOf(scaling, channel);
  for (const nudge of nudges) {
    const factors: Factors = [scale, offset + nudge, below];
    const range = provenRange(scaling, channel, factors, reach, limits);
    if (range) return { factors, range };
  }
  return undefined;
}

/** Whether sums, shifted to the left as multipliers above 1 do, always fit into 32 bits. */
function staysInRange({ shifts, kind }: StoredScaling, channel: number, reach: Range): boolean {
  const shift = kind === "real" ? 0 : Math.max(0, shifts[channel]);
  return reach.every((sum) => (Math.abs(sum) + 2 * tries) * 2 ** shift < 2 ** 31);
}

/**
 * The module's scaling for a node whose channels' sums lie in `reaches`, or undefined where it would not give
 * the reference's integers for every sum. `range` is that of the stored type.
 */
export function fastScaling(scaling: StoredScaling, reaches: readonly Range[], range: Range): FastScaling | undefined {
  const stride = Math.ceil(reaches.length / 8) * 8;
  const sums = new Int32Array(2 * stride);
  const factors = new Float64Array(3 * stride);
  const singles = new Float32Array(2 * stride);
  let signed = false;
  for (let channel = 0; channel < reaches.length; channel++) {
    const proven = provenFactors(scaling, channel, reaches[channel], range);
    if (!proven) return undefined;
    for (const [index, limit] of proven.range.entries()) sums[index * stride + channel] = limit;
    for (const [index, factor] of proven.factors.entries()) factors[index * stride + channel] = factor;
    singles[channel] = proven.factors[0];
    singles[stride + channel] = Math.max(0, proven.factors[1] - anchor - 0.5);
    if (proven.range[0] < 0 && proven.factors[2] !== 0) signed = true;
  }
  return { stride, sums, factors, singles, base: scaling.zeroPoint - anchorWord, zeroPoint: scaling.zeroPoint, signed };
}
