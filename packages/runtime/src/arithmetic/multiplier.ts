import { divideByPowerOfTwo, doublingHighMultiply, roundAwayFromZero } from "./fixed-point.ts";

/** A real factor as `value` / 2^31 · 2^shift, |value| in [2^30, 2^31). */
export interface Multiplier {
  readonly value: number;
  readonly shift: number;
}

/** How a product is brought back to 32 bits: high multiply then shift, each rounding, or one shift that rounds once. */
export type Rounding = "double" | "single";

/** x · value / 2^31 · 2^shift for a 32-bit x, rounded to an integer. */
export type Multiply = (x: number, value: number, shift: number) => number;

/** Splits a real factor. Factors below 2^-32 become zero. */
export function quantizeMultiplier(factor: number, rounding: Rounding = "double"): Multiplier {
  if (factor === 0 || !Number.isFinite(factor)) return { value: 0, shift: 0 };
  let shift = Math.floor(Math.log2(Math.abs(factor))) + 1;
  let fraction = factor / 2 ** shift;
  if (Math.abs(fraction) >= 1) {
    shift++;
    fraction /= 2;
  } else if (Math.abs(fraction) < 0.5) {
    shift--;
    fraction *= 2;
  }
  let value = roundAwayFromZero(fraction * 2 ** 31);
  if (value === 2 ** 31) {
    value /= 2;
    shift++;
  }
  if (shift < -31) return { value: 0, shift: 0 };
  if (rounding === "single" && shift > 30) return { value: 2 ** 31 - 1, shift: 30 };
  return { value, shift };
}

function multiplyRoundingTwice(x: number, value: number, shift: number): number {
  return shift > 0
    ? doublingHighMultiply(x << shift, value)
    : divideByPowerOfTwo(doublingHighMultiply(x, value), -shift);
}

function multiplyRoundingOnce(x: number, value: number, shift: number): number {
  const low = x * (value & 0xffff);
  const carry = Math.floor(low / 65536);
  return roundedShift(x * (value >> 16) + carry, low - carry * 65536, 31 - shift) | 0;
}

/** floor((high · 2^16 + low + 2^(bits-1)) / 2^bits) with low in [0, 2^16). */
function roundedShift(high: number, low: number, bits: number): number {
  if (bits > 16) return Math.floor((high + 2 ** (bits - 17)) / 2 ** (bits - 16));
  return high * 2 ** (16 - bits) + Math.floor((low + 2 ** (bits - 1)) / 2 ** bits);
}

/** TFLite's MultiplyByQuantizedMultiplier for 32-bit values; TensorFlow's own builds round twice. */
export const multiplyBy: Readonly<Record<Rounding, Multiply>> = {
  double: multiplyRoundingTwice,
  single: multiplyRoundingOnce,
};

/**
 * The same for wide sums, |x| < 2^47: the multiplier is cut to 16 bits and the only rounding is half up
 * (the 64-bit overload that TFLite uses for 16-bit activations).
 */
export function multiplyWide(x: number, value: number, shift: number): number {
  const factor = value < 0x7fff0000 ? (value + 0x8000) >> 16 : 0x7fff;
  const upper = Math.floor(x / 65536);
  const low = (x - upper * 65536) * factor;
  const carry = Math.floor(low / 65536);
  return roundedShift(upper * factor + carry, low - carry * 65536, 15 - shift) | 0;
}
