import { allocate, type DType, elementCount, integerRange, isFloat, perTensor, type Quantization } from "@millrace/ir";
import type { Operand } from "./single-operator.ts";

/** A repeatable source of random choices, from a text and a number. */
export class Random {
  #state: number;

  constructor(name: string, seed: number) {
    this.#state = [...name].reduce(
      (hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 16777619),
      2166136261 + seed,
    );
    for (let warm = 0; warm < 8; warm++) this.next();
  }

  /** From 0 to below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  /** A whole number of the range, both ends included. */
  integer(low: number, high: number): number {
    return Math.floor(this.between(low, high + 1));
  }

  gaussian(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }

  pick<T>(items: readonly T[]): T {
    return items[this.integer(0, items.length - 1)];
  }

  /** Scale and zero point for a type; 16 bits are symmetric. */
  quantization(dtype: DType, scale = 2 ** this.between(-8, -1)): Quantization {
    if (dtype === "i16" || dtype === "i32" || dtype === "i64")
      return perTensor(dtype === "i16" ? scale / 256 : scale, 0);
    return perTensor(scale, this.integer(...integerRange(dtype)));
  }
}

/** How the elements of a run are spread: over the whole range, about zero, or at its ends. */
export const spreads = ["uniform", "gaussian", "extremes"] as const;
export type Spread = (typeof spreads)[number];

/** Range of elements where an operand names none: of reals, of integers that stand for reals, and of other integers. */
function rangeOf({ dtype, quantization, range }: Operand): readonly [number, number] {
  if (range) return range;
  if (dtype === "bool") return [0, 1];
  if (isFloat(dtype)) return [-4, 4];
  const [low, high] = integerRange(dtype);
  return quantization || dtype === "i8" || dtype === "u8" ? [low, high] : [Math.max(low, -30), Math.min(high, 30)];
}

/** Random elements for an operand, as storage of its type. */
export function randomElements(operand: Operand, spread: Spread, random: Random) {
  const data = allocate(operand.dtype, elementCount(operand.shape));
  const [low, high] = rangeOf(operand);
  const real = isFloat(operand.dtype);
  const center = Math.min(high, Math.max(low, operand.quantization?.zeroPoint[0] ?? (low + high) / 2));
  const draw = {
    uniform: () => (real ? random.between(low, high) : random.integer(low, high)),
    gaussian: () => center + (random.gaussian() * (high - low)) / 10,
    extremes: () => random.pick([low, high, center, center + 1, center - 1]),
  }[spread];
  for (let at = 0; at < data.length; at++) {
    const drawn = Math.min(high, Math.max(low, draw()));
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[at] = BigInt(Math.round(drawn));
    else data[at] = real ? drawn : Math.round(drawn);
  }
  return data;
}
