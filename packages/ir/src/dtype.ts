/** Element types of tensors. 2- and 4-bit integers are held one to a byte in memory; f16 and bf16 are held as their bit patterns. */
const layouts = {
  f32: { bits: 32, array: Float32Array, kind: "float" },
  f64: { bits: 64, array: Float64Array, kind: "float" },
  f16: { bits: 16, array: Uint16Array, kind: "float" },
  bf16: { bits: 16, array: Uint16Array, kind: "float" },
  i2: { bits: 2, array: Int8Array, kind: "integer" },
  i4: { bits: 4, array: Int8Array, kind: "integer" },
  i8: { bits: 8, array: Int8Array, kind: "integer" },
  i16: { bits: 16, array: Int16Array, kind: "integer" },
  i32: { bits: 32, array: Int32Array, kind: "integer" },
  i64: { bits: 64, array: BigInt64Array, kind: "integer" },
  u2: { bits: 2, array: Uint8Array, kind: "integer" },
  u4: { bits: 4, array: Uint8Array, kind: "integer" },
  u8: { bits: 8, array: Uint8Array, kind: "integer" },
  u16: { bits: 16, array: Uint16Array, kind: "integer" },
  u32: { bits: 32, array: Uint32Array, kind: "integer" },
  u64: { bits: 64, array: BigUint64Array, kind: "integer" },
  bool: { bits: 8, array: Uint8Array, kind: "bool" },
} as const;

export type DType = keyof typeof layouts;

export type TensorData =
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

export const dtypes = Object.keys(layouts) as readonly DType[];

export function isDType(name: string): name is DType {
  return Object.hasOwn(layouts, name);
}

/** Bits of one element as a file stores it. */
export function bitsOf(dtype: DType): number {
  return layouts[dtype].bits;
}

export function isFloat(dtype: DType): boolean {
  return layouts[dtype].kind === "float";
}

export function isInteger(dtype: DType): boolean {
  return layouts[dtype].kind === "integer";
}

/** Bytes that an element takes in storage, where those of few bits have a byte each. */
export function storageBytes(dtype: DType): number {
  return layouts[dtype].array.BYTES_PER_ELEMENT;
}

/** Zeroed storage for `count` elements. */
export function allocate(dtype: DType, count: number): TensorData {
  return new layouts[dtype].array(count);
}

/** Whether `data` is the array type that holds `dtype`. */
export function holds(dtype: DType, data: TensorData): boolean {
  return data instanceof layouts[dtype].array;
}

/** Least and greatest value of an integer type that fits a double exactly: [minimum, maximum]. */
export function integerRange(dtype: DType): readonly [number, number] {
  const bits = Math.min(bitsOf(dtype), 54);
  return dtype.startsWith("u") || dtype === "bool" ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
}
