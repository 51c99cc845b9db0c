import type { Patches } from "@millrace/ir";

/** Fewest and most places that are taken of one inference. */
const [fewestPlaces, mostPlaces] = [32, 256];
/** Sums that one inference may update, beyond which it is left at the fewest places. */
const mostUpdates = 2 ** 22;

/** How the inputs of a layer's weights vary together: the sums of their products over sampled places, for each group of channels. */
export class InputProducts {
  readonly groups: number;
  /** Weights of one output channel. */
  readonly size: number;
  readonly #sums: Float64Array;
  readonly #firsts: Float64Array;
  readonly #patch: Float64Array;
  #count = 0;
  #inferences = 0;

  constructor(groups: number, size: number) {
    this.groups = groups;
    this.size = size;
    this.#sums = new Float64Array(groups * size * size);
    this.#firsts = new Float64Array(groups * size);
    this.#patch = new Float64Array(groups * size);
  }

  /** Adds what one inference shows, at places that are spread evenly and differ from inference to inference. */
  add({ count, read }: Patches): void {
    const wanted = Math.max(fewestPlaces, Math.min(mostPlaces, Math.floor(mostUpdates / this.#sums.length)));
    const taken = Math.min(count, wanted);
    for (let index = 0; index < taken; index++) {
      const place = (Math.floor((index * count) / taken) + this.#inferences) % count;
      read(place, this.#patch);
      for (let group = 0; group < this.groups; group++) this.#addPatch(group);
    }
    this.#count += taken;
    this.#inferences++;
  }

  #addPatch(group: number): void {
    const { size } = this;
    const start = group * size;
    const patch = this.#patch.subarray(start, start + size);
    for (let row = 0; row < size; row++) {
      const factor = patch[row];
      if (factor === 0) continue;
      this.#firsts[start + row] += factor;
      const at = (start + row) * size;
      for (let column = 0; column <= row; column++) this.#sums[at + column] += factor * patch[column];
    }
  }

  /** The inputs' covariance in a group, [size, size] with nothing above the diagonal; where `centered` is false, the means of their products. */
  covariance(group: number, centered: boolean): Float64Array {
    const { size } = this;
    const start = group * size;
    const result = this.#sums.slice(start * size, (start + size) * size);
    const count = Math.max(1, this.#count);
    for (let row = 0; row < size; row++) {
      for (let column = 0; column <= row; column++) {
        const shift = centered ? (this.#firsts[start + row] * this.#firsts[start + column]) / count : 0;
        result[row * size + column] = (result[row * size + column] - shift) / count;
      }
    }
    return result;
  }
}
