import type { Patches } from "@millrace/ir";

/** Fewest and most places that are taken of one inference. */
const [fewestPlaces, mostPlaces] = [32, 256];
/** Sums that one inference may update, beyond which it is left at the fewest places. */
const mostUpdates = 2 ** 22;
/** Places after which every second inference is enough, then every third, and so on. */
const manyPlaces = 2048;
/** Places whose products are added at a time. */
const blockSize = 8;

/** How the inputs of a layer's weights vary together: the sums of their products over sampled places, for each group of channels. */
export class InputProducts {
  readonly groups: number;
  /** Weights of one output channel. */
  readonly size: number;
  readonly #sums: Float64Array;
  readonly #firsts: Float64Array;
  readonly #block: readonly Float64Array[];
  #waiting = 0;
  #count = 0;
  #inferences = 0;

  constructor(groups: number, size: number) {
    this.groups = groups;
    this.size = size;
    this.#sums = new Float64Array(groups * size * size);
    this.#firsts = new Float64Array(groups * size);
    this.#block = Array.from({ length: blockSize }, () => new Float64Array(groups * size));
  }

  /** Adds what one inference shows, at places that are spread evenly and differ from inference to inference; those with numbers that are not finite are left out. */
  add({ count, read }: Patches): void {
    const inference = this.#inferences++;
    if (inference % (1 + Math.floor(this.#count / manyPlaces)) !== 0) return;
    const wanted = Math.max(fewestPlaces, Math.min(mostPlaces, Math.floor(mostUpdates / this.#sums.length)));
    const taken = Math.min(count, wanted);
    for (let index = 0; index < taken; index++) {
      const place = (Math.floor((index * count) / taken) + inference) % count;
      const patch = this.#block[this.#waiting];
      read(place, patch);
      if (!patch.every(Number.isFinite)) continue;
      this.#count++;
      this.#waiting++;
      if (this.#waiting === blockSize) this.#addBlock();
    }
  }

  #addBlock(): void {
    for (const patch of this.#block.slice(this.#waiting)) patch.fill(0);
    this.#waiting = 0;
    const { groups, size } = this;
    const [a, b, c, d, e, f, g, h] = this.#block;
    for (let row = 0; row < groups * size; row++) {
      const start = row - (row % size);
      const at = row * size - start;
      const [ra, rb, rc, rd, re, rf, rg, rh] = this.#block.map((patch) => patch[row]);
      this.#firsts[row] += ra + rb + rc + rd + re + rf + rg + rh;
      for (let column = start; column <= row; column++) {
        this.#sums[at + column] +=
          ra * a[column] +
          rb * b[column] +
          rc * c[column] +
          rd * d[column] +
          re * e[column] +
          rf * f[column] +
          rg * g[column] +
          rh * h[column];
      }
    }
  }

  /** The inputs' covariance in a group, [size, size] with nothing above the diagonal; where `centered` is false, the means of their products. */
  covariance(group: number, centered: boolean): Float64Array {
    if (this.#waiting > 0) this.#addBlock();
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
