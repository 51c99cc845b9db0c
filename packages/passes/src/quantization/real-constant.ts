import type { Tensor, Value } from "@millrace/ir";
import { dequantize } from "@millrace/ops";
import { producedBy } from "../rewrite.ts";

/** The stored constant that a value is dequantized from. */
export function storedConstant(value: Value | undefined): Value | undefined {
  const source = producedBy(value, dequantize)?.inputs[0];
  return source?.constant && source;
}

/** The real numbers that a value always has: a constant, or what a constant of integers stands for. */
export function realConstant(value: Value | undefined): Tensor | undefined {
  if (value === undefined || value.constant) return value?.constant;
  const stored = storedConstant(value);
  return stored && dequantize.evaluate!([stored.constant], {}, [value.type], [stored.type])[0];
}
