import { numbersOf, type Tensor } from "@millrace/ir";

/** Least and greatest real value seen. */
export interface Range {
  readonly minimum: number;
  readonly maximum: number;
}

/** Least and greatest of the finite numbers; [∞, -∞] if there are none. */
export function rangeOf(values: ArrayLike<number>): Range {
  let [minimum, maximum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (value < minimum && value !== Number.NEGATIVE_INFINITY) minimum = value;
    if (value > maximum && value !== Number.POSITIVE_INFINITY) maximum = value;
  }
  return { minimum, maximum };
}

export function uniteRanges(a: Range, b: Range): Range {
  return { minimum: Math.min(a.minimum, b.minimum), maximum: Math.max(a.maximum, b.maximum) };
}

/** Means and greatest numbers over everything but the last axis. */
export function channelStatistics() {
  let sums = new Float64Array(0);
  let maxima = new Float64Array(0);
  let count = 0;
  return {
    observe(tensor: Tensor): void {
      const values = numbersOf(tensor);
      const channels = tensor.shape.at(-1) ?? 1;
      if (sums.length !== channels) {
        sums = new Float64Array(channels);
        maxima = new Float64Array(channels).fill(Number.NEGATIVE_INFINITY);
      }
      for (let start = 0; start < values.length; start += channels) {
        for (let channel = 0; channel < channels; channel++) {
          const value = values[start + channel];
          sums[channel] += value;
          if (value > maxima[channel]) maxima[channel] = value;
        }
      }
      count += values.length / channels;
    },
    result: () => ({ means: sums.map((sum) => sum / count), maxima }),
  };
}
