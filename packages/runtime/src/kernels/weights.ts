import { integerRange, isFloat, type Value } from "@millrace/ir";

/** The zero point of weights; per axis they have none. */
export function weightZeroPoint({ type }: Value): number {
  const { quantization } = type;
  return quantization === undefined || quantization.axis !== undefined ? 0 : quantization.zeroPoint[0];
}

/** The greatest size that a stored element less its zero point can have; infinite for reals. */
export function largestOf({ type }: Value): number {
  if (isFloat(type.dtype)) return Number.POSITIVE_INFINITY;
  const [minimum, maximum] = integerRange(type.dtype);
  const zero = type.quantization?.zeroPoint[0] ?? 0;
  return Math.max(maximum - zero, zero - minimum);
}
