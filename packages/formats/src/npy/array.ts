/** Element types: numpy's type code and size, and the array that holds them. f16 is held as bit patterns, bool as 0 and 1. */
export const npyTypes = {
  f32: { code: "f4", array: Float32Array },
  f64: { code: "f8", array: Float64Array },
  f16: { code: "f2", array: Uint16Array },
  i8: { code: "i1", array: Int8Array },
  u8: { code: "u1", array: Uint8Array },
  i16: { code: "i2", array: Int16Array },
  u16: { code: "u2", array: Uint16Array },
  i32: { code: "i4", array: Int32Array },
  u32: { code: "u4", array: Uint32Array },
  i64: { code: "i8", array: BigInt64Array },
  u64: { code: "u8", array: BigUint64Array },
  bool: { code: "b1", array: Uint8Array },
} as const;

export type NpyType = keyof typeof npyTypes;

export type NpyData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** An array in row-major order; `data` is the array type of `dtype`. */
export interface NpyArray {
  readonly dtype: NpyType;
  readonly shape: readonly number[];
  readonly data: NpyData;
}
