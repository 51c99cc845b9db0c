import { type DType, fromNumbers, type Tensor } from "@millrace/ir";

export type Nested = number | readonly Nested[];

/** A tensor from numbers in nested lists, one level for each axis. */
export function literal(dtype: DType, values: Nested): Tensor {
  const shape: number[] = [];
  for (let level = values; typeof level !== "number"; level = level[0] ?? 0) shape.push(level.length);
  return fromNumbers(dtype, shape, flatten(values));
}

function flatten(values: Nested): readonly number[] {
  return typeof values === "number" ? [values] : values.flatMap(flatten);
}

export const f32 = (values: Nested) => literal("f32", values);
export const i8 = (values: Nested) => literal("i8", values);
export const i32 = (values: Nested) => literal("i32", values);
export const i64 = (values: Nested) => literal("i64", values);
export const bool = (values: Nested) => literal("bool", values);
