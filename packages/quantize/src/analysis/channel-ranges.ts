import { numbersOf, type Tensor } from "@millrace/ir";

/** What the channels of a value are like over all samples. */
export interface ChannelSummary {
  /** Those that never change. */
  readonly constant: readonly number[];
  /** The one that reaches furthest from zero, and how many times as far as the median of those that change. */
  readonly widest: { readonly channel: number; readonly ratio: number };
}

/** Least and greatest number of each index of the last axis, in memory of that axis' size. */
export class ChannelRanges {
  readonly #minima: Float64Array;
  readonly #maxima: Float64Array;
  #seen = 0;

  constructor(channels: number) {
    this.#minima = new Float64Array(channels).fill(Number.POSITIVE_INFINITY);
    this.#maxima = new Float64Array(channels).fill(Number.NEGATIVE_INFINITY);
  }

  add(tensor: Tensor): void {
    const values = numbersOf(tensor);
    const channels = this.#minima.length;
    for (let index = 0, channel = 0; index < values.length; index++) {
      const value = values[index];
      if (value < this.#minima[channel]) this.#minima[channel] = value;
      if (value > this.#maxima[channel]) this.#maxima[channel] = value;
      if (++channel === channels) channel = 0;
    }
    this.#seen += values.length / channels;
  }

  /** Undefined where too little was seen to tell: one number for each channel never changes. */
  summary(): ChannelSummary | undefined {
    if (this.#seen < 2) return undefined;
    const reach = this.#maxima.map((maximum, channel) => Math.max(maximum, -this.#minima[channel]));
    const isConstant = (channel: number) => this.#maxima[channel] === this.#minima[channel];
    const channels = [...reach.keys()];
    const changing = channels.filter((channel) => !isConstant(channel));
    const sorted = changing.map((channel) => reach[channel]).sort((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
    const channel = changing.reduce((most, each) => (reach[each] > reach[most] ? each : most), changing[0] ?? 0);
    const ratio = median > 0 ? reach[channel] / median : 1;
    return { constant: channels.filter(isConstant), widest: { channel, ratio } };
  }
}
