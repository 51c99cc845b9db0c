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
  /**
   * The same in single precision, which does for sums whose results are clear of the step to the next: scale, anchor and what is added to
   * products by their sign. Products are clamped to `least` and `greatest`.
   */
  readonly singles: Float32Array;
  readonly least: number;
  readonly greatest: number;
  readonly base: number;
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

function clamp(value: number, [least, greatest]: Range): number {
  return Math.max(least, Math.min(greatest, value));
}

/** The reference's results, and whether the module's are equal to them. */
interface Comparison {
  result(sum: number): number;
  agree(sum: number): boolean;
}

/** Results before clamping that the module can tell apart. */
const widest = 2 ** 18;

function comparison(scaling: StoredScaling, channel: number, factors: Factors, limits: Range): Comparison {
  const { multiply, values, shifts, zeroPoint, low, high } = scaling;
  const result = (sum: number) => clamp(multiply(sum, values[channel], shifts[channel]) + zeroPoint, [low, high]);
  const agree = (sum: number) => {
    const size = scaled(sum, factors);
    return Math.abs(size) < widest && clamp(size + zeroPoint, limits) === result(sum);
  };
  return { result, agree };
}

/**
 * How far the computed result of a sum, and the computed place of a step, may be from the true one: the module's doubles near the
 * anchor are multiples of 2^-32, as nudges are; all other errors are below 2^-40.
 */
const uncertainty = 2 ** -30;

/**
 * Whether results rise at the same sums. Both rise with the sum, so it is enough to look at the steps between results: one that
 * lies further from any integer than computing it can go wrong is followed by the same sum in both; about another one
 * they are compared.
 */
function stepsAgree(
  { zeroPoint, low, high }: StoredScaling,
  [scale, offset, below]: Factors,
  [least, greatest]: Range,
  agree: (sum: number) => boolean,
): boolean {
  const tolerance = uncertainty / scale;
  const first = Math.max(low + 1, Math.floor(least * scale) + zeroPoint - 1);
  const last = Math.min(high, Math.ceil(greatest * scale) + zeroPoint + 1);
  if (tolerance > 0.25) return first > last;
  for (let stored = first; stored <= last; stored++) {
    const size = stored - zeroPoint + anchor - offset;
    const step = (size < 0 ? size - below : size) / scale;
    const nearest = Math.round(step);
    if (Math.abs(step - nearest) > tolerance || nearest < least - 1 || nearest > greatest + 1) continue;
    if (!agree(nearest - 1) || !agree(nearest) || !agree(nearest + 1)) return false;
  }
  return true;
}

/**
 * Sums that others may be clamped to without another result, the least and the greatest: where the result is well inside of the
 * limit's rounding interval, else next to its step; only if the results agree there.
 */
function clampingSums(
  { zeroPoint, low, high }: StoredScaling,
  [scale]: Factors,
  reach: Range,
  { result, agree }: Comparison,
): Range | undefined {
  const place = (size: number, round: (x: number) => number) => round(size / scale || 0);
  const least = [0, 0.5].map((inside) => place(low - zeroPoint + inside, Math.floor));
  const greatest = [0, 0.5].map((inside) => place(high - zeroPoint - inside, Math.ceil));
  const fits = (end: number) => (sum: number) => Math.abs(sum) < 2 ** 31 && agree(sum) && result(sum) === result(end);
  const ends = reach.map((end) =>
    least.flatMap((from) => greatest.map((to) => clamp(end, [from, to]))).find(fits(end)),
  );
  const [from, to] = ends;
  return from === undefined || to === undefined ? undefined : [from, to];
}

/** Whether there are so few sums, as of channels without weights, that all of them can be compared. */
function areFew([least, greatest]: Range): boolean {
  return greatest - least < 64;
}

function allAgree([least, greatest]: Range, range: Range, { result, agree }: Comparison): boolean {
  for (let sum = least; sum <= greatest; sum++) {
    const clamped = clamp(sum, range);
    if (!agree(clamped) || result(clamped) !== result(sum)) return false;
  }
  return true;
}

/** Changes of the offset that are tried in turn, by its last place: small factors' results may lie closer to a step than that. */
const nudges = [0, 2 ** -32, -(2 ** -32)];

function provenFactors(scaling: StoredScaling, channel: number, reach: Range, limits: Range) {
  if (!staysInRange(scaling, channel, reach)) return undefined;
  const [scale, offset, below] = factorsOf(scaling, channel);
  for (const nudge of nudges) {
    const factors: Factors = [scale, offset + nudge, below];
    const compared = comparison(scaling, channel, factors, limits);
    const range = clampingSums(scaling, factors, reach, compared);
    if (!range) continue;
    const proven = areFew(reach)
      ? allAgree(reach, range, compared)
      : stepsAgree(scaling, factors, reach, compared.agree);
    if (proven) return { factors, range };
  }
  return undefined;
}

/** Whether sums, shifted to the left as multipliers above 1 do, always fit into 32 bits. */
function staysInRange({ shifts, kind }: StoredScaling, channel: number, reach: Range): boolean {
  const shift = kind === "real" ? 0 : Math.max(0, shifts[channel]);
  return reach.every((sum) => (Math.abs(sum) + 2) * 2 ** shift < 2 ** 31);
}

/** A float of this size has 14 bits of fraction behind the lowest eight of its whole part. */
const singleAnchor = 768;

/** Scale, anchor and tie in single precision. */
function singlesOf({ zeroPoint }: StoredScaling, [scale, offset]: Factors, signed: boolean) {
  const half = singleAnchor + zeroPoint + 0.5;
  const tie = Math.max(0, offset - anchor - 0.5);
  return signed ? [scale, half, tie] : [scale, half + tie, 0];
}

/** One channel's scaling in all eight lanes. */
export function inAllLanes(scaling: FastScaling): FastScaling {
  const spread = <Data extends Int32Array | Float64Array | Float32Array>(data: Data) =>
    data.map((_, at) => data[at - (at % 8)]) as Data;
  const { sums, factors, singles } = scaling;
  return { ...scaling, sums: spread(sums), factors: spread(factors), singles: spread(singles) };
}

/**
 * The module's scaling for a node whose channels' sums lie in `reaches`, or undefined where it would not give
 * the reference's integers for every sum. `range` is that of the stored type.
 */
export function fastScaling(scaling: StoredScaling, reaches: readonly Range[], range: Range): FastScaling | undefined {
  const { zeroPoint, low, high } = scaling;
  const proven: NonNullable<ReturnType<typeof provenFactors>>[] = [];
  for (const [channel, reach] of reaches.entries()) {
    const found = provenFactors(scaling, channel, reach, range);
    if (!found) return undefined;
    proven.push(found);
  }
  const signed = proven.some(({ factors, range: [least] }) => least < 0 && factors[2] !== 0);
  const stride = Math.ceil(reaches.length / 8) * 8;
  const sums = new Int32Array(2 * stride);
  const factors = new Float64Array(3 * stride);
  const singles = new Float32Array(3 * stride);
  for (const [channel, { factors: own, range: limits }] of proven.entries()) {
    for (const [index, limit] of limits.entries()) sums[index * stride + channel] = limit;
    for (const [index, factor] of own.entries()) factors[index * stride + channel] = factor;
    for (const [index, single] of singlesOf(scaling, own, signed).entries()) singles[index * stride + channel] = single;
  }
  const clamps = { least: low - zeroPoint, greatest: high - zeroPoint };
  return { stride, sums, factors, singles, ...clamps, base: zeroPoint - anchorWord, signed };
}
