import { numbersOf, type Value } from "@millrace/ir";
import type { Sight } from "./observation.ts";
import type { Observer } from "./observers/observers.ts";
import { emptyRange, isEmpty, uniteRanges } from "./range.ts";

/** What all inferences have shown of a value so far. */
export class WatchedValue {
  readonly value: Value;
  readonly observer: Observer;
  /** Least and greatest finite number. */
  extremes = emptyRange;
  inferences = 0;
  /** The sample that was seen first. */
  firstSample = "";
  /** The first number that was not finite, and the sample that it came with. */
  broken: { readonly number: number; readonly sample: string } | undefined;
  #sums = new Float64Array(0);
  #minima = new Float64Array(0);
  #maxima = new Float64Array(0);

  constructor(value: Value, observer: Observer) {
    this.value = value;
    this.observer = observer;
  }

  /** Mean of the inferences' means, least of their minima and greatest of their maxima, for each index of the last axis. */
  get channels(): { readonly means: Float64Array; readonly minima: Float64Array; readonly maxima: Float64Array } {
    const means = this.#sums.map((sum) => sum / this.inferences);
    return { means, minima: this.#minima, maxima: this.#maxima };
  }

  /** `sample` is what to call the sample that was seen. */
  add({ range, means, minima, maxima, tensor, broken }: Sight, sample: string): void {
    if (this.inferences === 0) {
      this.firstSample = sample;
      this.#sums = new Float64Array(means.length);
      this.#minima = new Float64Array(means.length).fill(Number.POSITIVE_INFINITY);
      this.#maxima = new Float64Array(means.length).fill(Number.NEGATIVE_INFINITY);
    }
    for (let channel = 0; channel < means.length; channel++) {
      this.#sums[channel] += means[channel];
      this.#minima[channel] = Math.min(this.#minima[channel], minima[channel]);
      this.#maxima[channel] = Math.max(this.#maxima[channel], maxima[channel]);
    }
    this.inferences++;
    if (broken !== undefined) this.broken ??= { number: broken, sample };
    if (isEmpty(range)) return;
    this.extremes = uniteRanges(this.extremes, range);
    this.observer.observe(range, tensor && numbersOf(tensor));
  }
}
