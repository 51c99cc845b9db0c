import { integerRange } from "@millrace/ir";
import { roundAwayFromZero } from "./fixed-point.ts";

/** Integers of one value that stand for reals: real = (stored - zeroPoint) * scale. */
export interface Steps {
  readonly scale: number;
  readonly zeroPoint: number;
}

const single = Math.fround;

/**
 * A function of a real number as a table over all 256 stored values, least first; computed in float32 as TFLite does.
 * `apply` gets and gives float32 values.
 */
export function byteTable(
  dtype: "i8" | "u8",
  input: Steps,
  output: Steps,
  apply: (x: number) => number,
): Int8Array | Uint8Array {
  const [low, high] = integerRange(dtype);
  const inverse = single(1 / output.scale);
  const table = dtype === "i8" ? new Int8Array(256) : new Uint8Array(256);
  for (let stored = low; stored <= high; stored++) {
    const result = single(apply(single(input.scale * (stored - input.zeroPoint))));
    const quantized = Math.trunc(single(roundAwayFromZero(single(result * inverse)) + output.zeroPoint));
    table[stored - low] = Math.max(low, Math.min(high, quantized));
  }
  return table;
}

const intervals = 512;
const [wordLow, wordHigh] = integerRange("i16");

/**
 * A function of a real number as 513 points between which a 16-bit result is interpolated; every point leans
 * half way against the error in the middle of its interval. `round` gives the precision of the arithmetic: float32 or double.
 */
export function wordTable(
  input: Steps,
  output: Steps,
  apply: (x: number) => number,
  round: (x: number) => number = single,
): Int16Array {
  const edge = ({ scale, zeroPoint }: Steps, stored: number) => round(scale * (stored - zeroPoint));
  const [start, end] = [edge(input, wordLow), edge(input, wordHigh)];
  const step = round(round(end - start) / intervals);
  const inverse = round(65536 / round(edge(output, wordHigh) - edge(output, wordLow)));
  const scaled = (x: number) => round(round(apply(x)) * inverse);
  const store = (value: number) => Math.max(wordLow, Math.min(wordHigh, value));
  const table = new Int16Array(intervals + 1);
  for (let index = 0; index < intervals; index++) {
    const at = round(start + round(index * step));
    const value = roundAwayFromZero(scaled(at));
    const next = scaled(round(start + round((index + 1) * step)));
    const between = roundAwayFromZero(round(round(next + value) / 2));
    const middle = roundAwayFromZero(scaled(round(at + round(step / 2))));
    table[index] = store(value - roundAwayFromZero((between - middle) / 2));
  }
  table[intervals] = store(roundAwayFromZero(scaled(end)));
  return table;
}

/** The interpolated value of a 513-point table. */
export function lookUpWord(table: Int16Array, stored: number): number {
  const index = 256 + (stored >> 7);
  const base = table[index];
  return base + (((table[index + 1] - base) * (stored & 127) + 64) >> 7);
}
