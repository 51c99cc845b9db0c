import { type Range, uniteRanges } from "../range.ts";

/** Bins that a histogram has at most, and half of which it has at least once numbers differ by more than the finest bin. */
const mostBins = 4096;
const finestWidth = 2 ** -100;

/**
 * Counts of numbers in bins of one width, a power of two that doubles when they would become too many: memory is bounded whatever comes. Zero lies
 * between two bins. Left out are numbers that are not finite and zeros: every range has them exactly, and behind a rectifier they outnumber all others.
 */
export class Histogram {
  #width = finestWidth;
  /** Number of the first bin: bin b holds [b · width, (b + 1) · width). */
  #first = 0;
  #counts = new Float64Array(0);
  #range: Range = { minimum: Number.POSITIVE_INFINITY, maximum: Number.NEGATIVE_INFINITY };

  get width(): number {
    return this.#width;
  }

  /** Least and greatest number. */
  get range(): Range {
    return this.#range;
  }

  /** Counts from bin `first` on. */
  get bins(): { readonly first: number; readonly counts: Float64Array } {
    return { first: this.#first, counts: this.#counts };
  }

  /** Adds numbers whose least and greatest finite ones are `seen`. */
  add(values: ArrayLike<number>, seen: Range): void {
    this.#range = uniteRanges(this.#range, seen);
    this.#cover(this.#range);
    const [counts, first, perWidth] = [this.#counts, this.#first, 1 / this.#width];
    const last = counts.length - 1;
    for (let index = 0; index < values.length; index++) {
      const bin = Math.floor(values[index] * perWidth) - first;
      if (values[index] !== 0 && bin >= 0 && bin <= last) counts[bin]++;
    }
  }

  #cover({ minimum, maximum }: Range): void {
    let width = this.#width;
    while (Math.floor(maximum / width) - Math.floor(minimum / width) >= mostBins) width *= 2;
    const first = Math.floor(minimum / width);
    const length = Math.floor(maximum / width) - first + 1;
    if (width === this.#width && first === this.#first && length === this.#counts.length) return;
    const counts = new Float64Array(length);
    const ratio = this.#width / width;
    for (let index = 0; index < this.#counts.length; index++)
      if (this.#counts[index] > 0) counts[Math.floor((this.#first + index) * ratio) - first] += this.#counts[index];
    this.#width = width;
    this.#first = first;
    this.#counts = counts;
  }
}
