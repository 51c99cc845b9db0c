import { divideByPowerOfTwo, doublingHighMultiply as multiply, multiplyByPowerOfTwo } from "./fixed-point.ts";
import type { Multiplier } from "./multiplier.ts";

const halfOfThree = (1 << 28) + (1 << 27);
const halfRootOfTwo = 1518500250;

/**
 * 1/√x of an integer x ≥ 0 as a multiplier; 0 counts as 1. Five Newton-Raphson steps in Q3.28
 * (TFLite's GetInvSqrtQuantizedMultiplierExp).
 */
export function inverseSquareRoot(x: number): Multiplier {
  if (x <= 1) return { value: 0x7fffffff, shift: 0 };
  let rightShift = 11;
  let scaled = x;
  for (; scaled >= 1 << 29; scaled = Math.trunc(scaled / 4)) rightShift++;
  const pairs = ((Math.clz32(scaled) - 1) >> 1) - 1;
  rightShift -= pairs;
  const half = divideByPowerOfTwo((scaled << (2 * pairs)) >> 1, 1);
  let root = 1 << 28;
  for (let step = 0; step < 5; step++) {
    const cube = multiplyByPowerOfTwo(multiply(multiply(root, root), root), 6);
    root = multiplyByPowerOfTwo((multiply(halfOfThree, root) - multiply(half, cube)) | 0, 3);
  }
  const value = multiply(root, halfRootOfTwo);
  return rightShift < 0 ? { value: value << -rightShift, shift: 0 } : { value, shift: -rightShift };
}
