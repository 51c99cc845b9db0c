import { divideByPowerOfTwo, halfSum, doublingHighMultiply as multiply, multiplyByPowerOfTwo } from "./fixed-point.ts";

const one = 0x7fffffff;

/** exp(-1/8) and 1/3 in Q0.31. */
const expOfMinusEighth = 1895147668;
const third = 715827883;

/** exp(-2^k) in Q0.31 for k = -2 … 4. */
const expOfMinusPowers = [1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242] as const;

/** exp(a) in Q0.31 for a in [-1/4, 0) in Q0.31: Taylor's series around -1/8. */
function expNearZero(a: number): number {
  const x = (a + (1 << 28)) | 0;
  const x2 = multiply(x, x);
  const x3 = multiply(x2, x);
  const x4 = multiply(x2, x2);
  const tail = divideByPowerOfTwo((multiply((divideByPowerOfTwo(x4, 2) + x3) | 0, third) + x2) | 0, 1);
  return (expOfMinusEighth + multiply(expOfMinusEighth, (x + tail) | 0)) | 0;
}

/** exp(a) in Q0.31 for a ≤ 0 with `integerBits` bits before the point (gemmlowp's exp_on_negative_values). */
export function expOfNegative(a: number, integerBits: number): number {
  if (a === 0) return one;
  const fractionalBits = 31 - integerBits;
  if (integerBits > 5 && a < -(2 ** (36 - integerBits))) return 0;
  const quarter = 1 << (fractionalBits - 2);
  const nearZero = (a & (quarter - 1)) - quarter;
  let result = expNearZero(multiplyByPowerOfTwo(nearZero, integerBits));
  const remainder = (nearZero - a) | 0;
  for (let power = -2; power <= 4 && power < integerBits; power++) {
    if (remainder & (1 << (fractionalBits + power))) result = multiply(result, expOfMinusPowers[power + 2]);
  }
  return result;
}

/** 1/((1 + a)/2) in Q2.29 for a in [0, 1] in Q0.31: three Newton-Raphson steps from 48/17 - 32/17·d. */
function reciprocalOfHalfDenominator(a: number): number {
  const denominator = halfSum(a, one);
  let x = (1515870810 + multiply(denominator, -1010580540)) | 0;
  for (let step = 0; step < 3; step++) {
    const rest = ((1 << 29) - multiply(denominator, x)) | 0;
    x = (x + multiplyByPowerOfTwo(multiply(x, rest), 2)) | 0;
  }
  return x;
}

/** 1/(1 + a) in Q0.31 for a in [0, 1] in Q0.31. */
export function reciprocalOfOnePlus(a: number): number {
  return multiplyByPowerOfTwo(reciprocalOfHalfDenominator(a), 1);
}

/** (1 - a)/(1 + a) in Q0.31 for a in [0, 1] in Q0.31. */
function oneMinusOverOnePlus(a: number): number {
  return multiplyByPowerOfTwo((reciprocalOfHalfDenominator(a) - (1 << 29)) | 0, 2);
}

/** 1/(1 + exp(-a)) in Q0.31. */
export function logistic(a: number, integerBits: number): number {
  if (a === 0) return 1 << 30;
  const positive = reciprocalOfOnePlus(expOfNegative(-Math.abs(a), integerBits));
  return a > 0 ? positive : one - positive;
}

/** tanh(a) in Q0.31. */
export function hyperbolicTangent(a: number, integerBits: number): number {
  if (a === 0) return 0;
  const size = oneMinusOverOnePlus(expOfNegative(-Math.abs(a), integerBits + 1));
  return a > 0 ? size : -size;
}

/**
 * 1/x for x > 0 with `integerBits` bits before the point, as `value` / 2^31 / 2^bitsOverUnit. For 0 it gives what
 * TFLite's GetReciprocal happens to give on common processors.
 */
export function reciprocal(x: number, integerBits: number): { readonly value: number; readonly bitsOverUnit: number } {
  const headroom = Math.clz32(x);
  return { value: reciprocalOfOnePlus(((x << headroom) - 2 ** 31) | 0), bitsOverUnit: integerBits - headroom };
}

const shortOne = 0x7fff;

/** A Q0.31 constant in 16 bits. */
const short = (value: number) => divideByPowerOfTwo(value, 16);
const wrapped = (x: number) => (x << 16) >> 16;
const saturated = (x: number) => Math.max(-0x8000, Math.min(shortOne, x));

/** Product of two Q0.15 numbers; ties go up. */
function shortMultiply(a: number, b: number): number {
  return Math.min(shortOne, (a * b + (1 << 14)) >> 15);
}

const shortPowers = expOfMinusPowers.map(short);
const shortExpOfMinusEighth = short(expOfMinusEighth);
const shortThird = short(third);

/** `expNearZero` in 16 bits. */
function shortExpNearZero(a: number): number {
  const x = wrapped(a + (1 << 12));
  const x2 = shortMultiply(x, x);
  const x3 = shortMultiply(x2, x);
  const x4 = shortMultiply(x2, x2);
  const inner = wrapped(shortMultiply(wrapped(divideByPowerOfTwo(x4, 2) + x3), shortThird) + x2);
  const tail = divideByPowerOfTwo(inner, 1);
  return wrapped(shortExpOfMinusEighth + shortMultiply(shortExpOfMinusEighth, wrapped(x + tail)));
}

/** `expOfNegative` in 16 bits. */
function shortExpOfNegative(a: number, integerBits: number): number {
  if (a === 0) return shortOne;
  const fractionalBits = 15 - integerBits;
  const quarter = 1 << (fractionalBits - 2);
  const nearZero = (a & (quarter - 1)) - quarter;
  let result = shortExpNearZero(saturated(nearZero << integerBits));
  const remainder = wrapped(nearZero - a);
  for (let power = -2; power <= 4 && power < integerBits; power++) {
    if (remainder & (1 << (fractionalBits + power))) result = shortMultiply(result, shortPowers[power + 2]);
  }
  return result;
}

/** `reciprocalOfHalfDenominator` in 16 bits: Q2.13. */
function shortReciprocal(a: number): number {
  const denominator = halfSum(a, shortOne);
  let x = wrapped(short(1515870810) + shortMultiply(denominator, short(-1010580540)));
  for (let step = 0; step < 3; step++) {
    const rest = wrapped((1 << 13) - shortMultiply(denominator, x));
    x = wrapped(x + saturated(shortMultiply(x, rest) << 2));
  }
  return x;
}

/** 1/(1 + exp(-a)) in Q0.15 of a 16-bit number with `integerBits` bits before the point. */
export function shortLogistic(a: number, integerBits: number): number {
  if (a === 0) return 1 << 14;
  const positive = saturated(shortReciprocal(shortExpOfNegative(-Math.abs(a), integerBits)) << 1);
  return a > 0 ? positive : shortOne - positive;
}

/** tanh(a) in Q0.15 of a 16-bit number with `integerBits` bits before the point. */
export function shortHyperbolicTangent(a: number, integerBits: number): number {
  if (a === 0) return 0;
  const exponential = shortExpOfNegative(-Math.abs(a), integerBits + 1);
  const size = saturated((shortReciprocal(exponential) - (1 << 13)) << 2);
  return a > 0 ? size : -size;
}
