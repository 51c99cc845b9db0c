import type { TensorTypeName } from "@millrace/formats/tflite";
import type { DType } from "@millrace/ir";

/** Names of element types in the file, which has none of 2 bits without a sign. */
export const tensorTypeNames = {
  f32: "FLOAT32",
  f64: "FLOAT64",
  f16: "FLOAT16",
  bf16: "BFLOAT16",
  i2: "INT2",
  i4: "INT4",
  i8: "INT8",
  i16: "INT16",
  i32: "INT32",
  i64: "INT64",
  u4: "UINT4",
  u8: "UINT8",
  u16: "UINT16",
  u32: "UINT32",
  u64: "UINT64",
  bool: "BOOL",
} as const satisfies Record<Exclude<DType, "u2">, TensorTypeName>;

export type StoredType = keyof typeof tensorTypeNames;

/** Whether a file can hold elements of the type. */
export function isStored(dtype: DType): dtype is StoredType {
  return Object.hasOwn(tensorTypeNames, dtype);
}
