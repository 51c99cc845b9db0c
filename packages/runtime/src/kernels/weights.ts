import { integerRange, isFloat, type Node, type Value } from "@millrace/ir";
import { affineOf } from "./kernel.ts";

/** The zero point of weights; per axis they have none. */
export function weightZeroPoint(weights: Value, node: Node): number {
  if (isFloat(weights.type.dtype) || weights.type.quantization?.axis !== undefined) return 0;
  return affineOf(weights, node).zeroPoint;
}

/** The greatest size that a stored element less its zero point can have; infinite for reals. */
export function largestOf({ type }: Value): number {
  if (isFloat(type.dtype)) return Number.POSITIVE_INFINITY;
  const [minimum, maximum] = integerRange(type.dtype);
  const zero = type.quantization?.zeroPoint[0] ?? 0;
  return Math.max(maximum - zero, zero - minimum);
}
