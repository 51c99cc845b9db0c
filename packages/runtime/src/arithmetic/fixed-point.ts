const greatest = 0x7fffffff;
const least = -0x80000000;

/** Nearest integer, ties away from zero (C's `round`). */
export function roundAwayFromZero(x: number): number {
  const whole = Math.trunc(x);
  return Math.abs(x - whole) >= 0.5 ? whole + Math.sign(x) : whole;
}

export function saturate32(x: number): number {
  return Math.max(least, Math.min(greatest, x));
}

/**
 * Product of two Q0.31 numbers: floor((a·b + 2^30) / 2^31), except that (-1)·(-1) saturates. Ties go up.
 * Same as gemmlowp's SaturatingRoundingDoublingHighMul; exact in doubles because `b` is split into halves.
 */
export function doublingHighMultiply(a: number, b: number): number {
  const upper = a * (b >> 16) + Math.floor((a * (b & 0xffff)) / 65536);
  const result = Math.floor((upper + 16384) / 32768);
  return Math.min(greatest, result);
}

/** x / 2^exponent for 0 ≤ exponent ≤ 31, rounded to nearest with ties away from zero (gemmlowp's RoundingDivideByPOT). */
export function divideByPowerOfTwo(x: number, exponent: number): number {
  const mask = exponent === 31 ? greatest : (1 << exponent) - 1;
  const threshold = (mask >> 1) + (x < 0 ? 1 : 0);
  return (x >> exponent) + ((x & mask) > threshold ? 1 : 0);
}

/** x · 2^exponent in 32 bits: saturating for positive exponents, rounding for negative ones. */
export function multiplyByPowerOfTwo(x: number, exponent: number): number {
  return exponent < 0 ? divideByPowerOfTwo(x, -exponent) : saturate32(x * 2 ** exponent);
}

/** Half the sum, rounded away from zero on ties. */
export function halfSum(a: number, b: number): number {
  const sum = a + b;
  return Math.trunc((sum + (sum >= 0 ? 1 : -1)) / 2);
}
