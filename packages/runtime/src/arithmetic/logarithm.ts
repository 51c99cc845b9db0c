import { reciprocalOfOnePlus } from "./exponential.ts";
import { divideByPowerOfTwo, halfSum, doublingHighMultiply as multiply, saturate32 } from "./fixed-point.ts";

const logOfTwo = 1488522236;
const fourthRootOfHalf = 1805811301;
const rootOfHalf = 1518500250;
const quarter = 536870912;

/** Coefficients of the rational approximation around 2^(-1/4), in Q0.31. */
const numerator = 117049297;
const denominator = { square: 127690142, constant: 1057819769, slope: 638450708 } as const;

/** x · 2^exponent that turns into the greatest or least value as soon as it leaves 32 - exponent bits. */
function saturatingShift(x: number, exponent: number): number {
  const threshold = 2 ** (31 - exponent) - 1;
  if (exponent === 0) return x;
  return x > threshold ? 0x7fffffff : x < -threshold ? -0x80000000 : x << exponent;
}

/** Power of two of `x` from its leading zeros, plus `quarters` quarters, with `bits` bits before the point. */
function powerOfTwo(power: number, quarters: 1 | -1, bits: number): number {
  return saturate32(saturatingShift(power, 31 - bits) + quarters * divideByPowerOfTwo(quarter, bits));
}

/**
 * log(x) for x ≥ 1 with `integerBits` bits before the point; the result has `resultBits`.
 * TFLite's log_x_for_x_greater_than_or_equal_to_1, as its log-softmax uses it.
 */
export function logarithm(x: number, integerBits: number, resultBits: number): number {
  const bits = resultBits + 1;
  const zeros = Math.clz32(x);
  const zerosOfRoot = Math.clz32(multiply(x, rootOfHalf)) - 1;
  const candidate = saturatingShift(multiply(saturatingShift(x, zeros - 1), rootOfHalf), 1);
  const r = Math.min(candidate, saturatingShift(x, zerosOfRoot));
  const power = Math.max(powerOfTwo(integerBits - zeros, 1, bits), powerOfTwo(integerBits - zerosOfRoot, -1, bits));
  const p = halfSum(r, fourthRootOfHalf);
  const q = (2 * (r - fourthRootOfHalf)) | 0;
  const square = multiply(q, q);
  const top = (multiply(q, r) + multiply(multiply(q, square), numerator)) | 0;
  const slope = (denominator.constant + q + multiply(denominator.square, square)) | 0;
  const bottom = reciprocalOfOnePlus((multiply(p, slope) + multiply(denominator.slope, q)) | 0);
  const sum = (multiply(power, logOfTwo) + multiply(divideByPowerOfTwo(top, bits), bottom)) | 0;
  return saturate32(sum * 2);
}
