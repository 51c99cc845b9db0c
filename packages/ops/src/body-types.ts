import { mayMatch, sameQuantization, type Value, type ValueType } from "@millrace/ir";

/** Whether a value of either type can stand where one of the other is expected. */
function mayBe(a: ValueType, b: ValueType): boolean {
  return a.dtype === b.dtype && mayMatch(a.shape, b.shape) && sameQuantization(a.quantization, b.quantization);
}

/** Whether two lists of values are as long as each other and each pair can be one and the same value. */
export function mayBeSame(a: readonly Value[], b: readonly Value[]): boolean {
  return a.length === b.length && a.every(({ type }, index) => mayBe(type, b[index].type));
}

/** Whether a value is a single truth value. */
export function isCondition({ type }: Value): boolean {
  return type.dtype === "bool" && type.shape.every((size) => typeof size === "string" || size === 1);
}
