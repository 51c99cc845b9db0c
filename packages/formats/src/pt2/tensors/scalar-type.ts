import type { StoredNumbers } from "./stored-tensor.ts";

/**
 * Element types by the codes of the export schema, which are not those of c10: the bytes of an element, the array that holds elements,
 * and its entries for one element (2 for complex numbers). Floats of 16 and 8 bits are held as their bit patterns, bool as 0 and 1.
 */
export const scalarTypes = {
  uint8: { code: 1, array: Uint8Array, entries: 1 },
  int8: { code: 2, array: Int8Array, entries: 1 },
  int16: { code: 3, array: Int16Array, entries: 1 },
  int32: { code: 4, array: Int32Array, entries: 1 },
  int64: { code: 5, array: BigInt64Array, entries: 1 },
  float16: { code: 6, array: Uint16Array, entries: 1 },
  float32: { code: 7, array: Float32Array, entries: 1 },
  float64: { code: 8, array: Float64Array, entries: 1 },
  complex32: { code: 9, array: Uint16Array, entries: 2 },
  complex64: { code: 10, array: Float32Array, entries: 2 },
  complex128: { code: 11, array: Float64Array, entries: 2 },
  bool: { code: 12, array: Uint8Array, entries: 1 },
  bfloat16: { code: 13, array: Uint16Array, entries: 1 },
  uint16: { code: 28, array: Uint16Array, entries: 1 },
  float8_e4m3fn: { code: 29, array: Uint8Array, entries: 1 },
  float8_e5m2: { code: 30, array: Uint8Array, entries: 1 },
  float8_e4m3fnuz: { code: 31, array: Uint8Array, entries: 1 },
  float8_e5m2fnuz: { code: 32, array: Uint8Array, entries: 1 },
  float8_e8m0fnu: { code: 33, array: Uint8Array, entries: 1 },
  uint32: { code: 34, array: Uint32Array, entries: 1 },
  uint64: { code: 35, array: BigUint64Array, entries: 1 },
} as const satisfies Readonly<Record<string, { code: number; array: NumbersConstructor; entries: number }>>;

interface NumbersConstructor {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer, byteOffset: number, length: number): StoredNumbers;
}

/** An element type as torch calls it, without `torch.`; `unknown` is what the schema calls so. */
export type ScalarType = keyof typeof scalarTypes | "unknown";

const names = new Map<number, ScalarType>([
  [0, "unknown"],
  ...(Object.keys(scalarTypes) as (keyof typeof scalarTypes)[]).map((name) => [scalarTypes[name].code, name] as const),
]);

/** The element type of a code in a file, or undefined for a code that is not known. */
export function scalarTypeOf(code: number): ScalarType | undefined {
  return names.get(code);
}

/** Bytes of one element. */
export function bytesOf(scalarType: keyof typeof scalarTypes): number {
  const { array, entries } = scalarTypes[scalarType];
  return array.BYTES_PER_ELEMENT * entries;
}
