import { numbersOf, type Tensor } from "@millrace/ir";
import { type Range, rangeOf } from "./range.ts";

/** What one inference shows of a value, of its finite numbers only. */
export interface Statistics {
  readonly range: Range;
  /** Mean of each index of the last axis. */
  readonly means: ArrayLike<number>;
  /** The least of each index. */
  readonly minima: ArrayLike<number>;
  /** The greatest of each index. */
  readonly maxima: ArrayLike<number>;
  /** A number that is not finite, if there is one. */
  readonly broken?: number;
}

/** Statistics of a whole tensor. */
export function statisticsOf(tensor: Tensor): Statistics {
  const values = numbersOf(tensor);
  const channels = tensor.shape.at(-1) ?? 1;
  const [sums, counts] = [new Float64Array(channels), new Float64Array(channels)];
  const minima = new Float64Array(channels).fill(Number.POSITIVE_INFINITY);
  const maxima = new Float64Array(channels).fill(Number.NEGATIVE_INFINITY);
  let broken: number | undefined;
  for (let index = 0, channel = 0; index < values.length; index++) {
    const value = values[index];
    if (Number.isFinite(value)) {
      sums[channel] += value;
      counts[channel]++;
      if (value < minima[channel]) minima[channel] = value;
      if (value > maxima[channel]) maxima[channel] = value;
    } else broken ??= value;
    if (++channel === channels) channel = 0;
  }
  const means = sums.map((sum, channel) => (counts[channel] === 0 ? 0 : sum / counts[channel]));
  return { range: rangeOf(values), means, minima, maxima, ...(broken !== undefined && { broken }) };
}

/** Statistics from what an engine has reduced to one number for each channel; undefined if not all is finite. */
export function statisticsFrom(least: Tensor, greatest: Tensor, mean: Tensor): Statistics | undefined {
  const [minima, maxima, means] = [least, greatest, mean].map(numbersOf);
  const range = { minimum: rangeOf(minima).minimum, maximum: rangeOf(maxima).maximum };
  return [minima, maxima, means].every(areFinite) ? { range, means, minima, maxima } : undefined;
}

function areFinite(numbers: ArrayLike<number>): boolean {
  for (let index = 0; index < numbers.length; index++) if (!Number.isFinite(numbers[index])) return false;
  return true;
}
