import { fail } from "@millrace/ir";
import type { DotProductArray } from "./machine.ts";

/** Weights of a pipeline that make a block; fewer at the end of a group. */
const blockWeights = 64;
/** How a block is stored, in this many bits ahead of it: up to `greatestLow` the low bits of Golomb and Rice's code, or one of the others. */
const modeBits = 4;
const greatestLow = 6;
const zeros = 7;
const plain = 8;
/** More weights of one command are not decompressed. */
const mostWeights = 2 ** 26;

/** What weights are compressed by: groups of so many steps, each of as many pipelines as are computed at a time. */
export interface WeightGroups {
  readonly groups: number;
  readonly steps: number;
  readonly array: DotProductArray;
}

/** Blocks of a group: cycles of decompressing it, as one is decompressed in a cycle. */
export function blocksOfGroup({ steps, array }: Omit<WeightGroups, "groups">): number {
  return array.pipelines * Math.ceil(steps / stepsOfBlock(array));
}

/**
 * Weights as `packWeights` gives them, without loss in fewer bits, lowest bit of a byte first: for each group, each so many steps, and each pipeline a block of
 * its weights in these steps. 4 bits say how: 0 to 6, each weight w as n = 2w or -2w - 1, with n >> that as so many ones and a zero, then the low bits of
 * n; 7, all are zero; 8, 8 bits each.
 */
export function compressWeights(packed: Int8Array, layout: WeightGroups): Uint8Array {
  const writer = new BitWriter(packed.length * 2 + 8);
  forEachBlock(layout, (indices) => {
    const block = indices.map((at) => (packed[at] << 1) ^ (packed[at] >> 31));
    const mode = modeOf(block);
    writer.put(mode, modeBits);
    if (mode === zeros) return;
    for (const number of block) {
      if (mode === plain) writer.put(number, 8);
      else {
        writer.putOnes(number >> mode);
        writer.put(number & ((1 << mode) - 1), mode);
      }
    }
  });
  return writer.bytes();
}

/** The way back. Throws `npu.bad-weights` where the bytes end too early, name a way to store that there is not, or stand for more than a byte. */
export function decompressWeights(bytes: Uint8Array, layout: WeightGroups): Int8Array {
  const count = layout.groups * layout.steps * layout.array.pipelines * layout.array.lanes;
  if (count > mostWeights) bad(`they are ${count}, more than ${mostWeights}`);
  const packed = new Int8Array(count);
  const reader = new BitReader(bytes);
  forEachBlock(layout, (indices) => {
    const mode = reader.take(modeBits);
    if (mode > plain) bad(`a block is stored in the way ${mode}`);
    if (mode === zeros) return;
    for (const at of indices) {
      const number = mode === plain ? reader.take(8) : (reader.takeOnes(255 >> mode) << mode) | reader.take(mode);
      packed[at] = (number >> 1) ^ -(number & 1);
    }
  });
  return packed;
}

function stepsOfBlock({ lanes }: DotProductArray): number {
  return Math.ceil(blockWeights / lanes);
}

/** Visits the places of the weights of each block. */
function forEachBlock({ groups, steps, array }: WeightGroups, visit: (indices: Int32Array) => void): void {
  const { pipelines, lanes } = array;
  const length = stepsOfBlock(array);
  for (let group = 0; group < groups; group++) {
    for (let first = 0; first < steps; first += length) {
      const indices = new Int32Array(Math.min(length, steps - first) * lanes);
      for (let pipeline = 0; pipeline < pipelines; pipeline++) {
        for (let at = 0; at < indices.length; at++) {
          const step = group * steps + first + Math.floor(at / lanes);
          indices[at] = (step * pipelines + pipeline) * lanes + (at % lanes);
        }
        visit(indices);
      }
    }
  }
}

/** The way to store a block in the fewest bits. */
function modeOf(block: Int32Array): number {
  const bits = new Int32Array(greatestLow + 1);
  let all = 0;
  for (const number of block) {
    all |= number;
    for (let low = 0; low <= greatestLow; low++) bits[low] += (number >> low) + 1 + low;
  }
  if (all === 0) return zeros;
  const best = bits.indexOf(Math.min(...bits));
  return bits[best] < 8 * block.length ? best : plain;
}

class BitWriter {
  readonly #bytes: Uint8Array;
  #at = 0;
  #held = 0;
  #count = 0;

  constructor(most: number) {
    this.#bytes = new Uint8Array(most);
  }

  /** Up to 8 bits. */
  put(number: number, count: number): void {
    this.#held |= number << this.#count;
    this.#count += count;
    if (this.#count < 8) return;
    this.#bytes[this.#at++] = this.#held;
    this.#held >>>= 8;
    this.#count -= 8;
  }

  /** So many ones and a zero. */
  putOnes(count: number): void {
    let left = count;
    for (; left >= 8; left -= 8) this.put(0xff, 8);
    this.put((1 << left) - 1, left + 1);
  }

  bytes(): Uint8Array {
    const last = this.#count > 0 ? [this.#held] : [];
    this.#bytes.set(last, this.#at);
    return this.#bytes.slice(0, this.#at + last.length);
  }
}

class BitReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  take(count: number): number {
    if (this.#at + count > this.#bytes.length * 8) bad("they end too early");
    let number = 0;
    for (let bit = 0; bit < count; bit++, this.#at++)
      number |= ((this.#bytes[this.#at >> 3] >> (this.#at & 7)) & 1) << bit;
    return number;
  }

  takeOnes(most: number): number {
    let count = 0;
    while (this.take(1) === 1) if (++count > most) bad("a number is greater than a byte");
    return count;
  }
}

function bad(why: string): never {
  return fail("npu.bad-weights", `compressed weights can't be read: ${why}`, {
    hint: "compile the model again: the command stream is damaged",
  });
}
