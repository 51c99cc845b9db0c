import { FormatError } from "../error.ts";

/**
 * TensorProto.DataType: its code, the stored bits of an element, the array that holds elements in memory, the typed field for elements
 * that are not in `rawData`, and, for complex numbers, the array entries of an element.
 */
export const dataTypes = {
  FLOAT: { code: 1, bits: 32, array: Float32Array, field: "floatData" },
  UINT8: { code: 2, bits: 8, array: Uint8Array, field: "int32Data" },
  INT8: { code: 3, bits: 8, array: Int8Array, field: "int32Data" },
  UINT16: { code: 4, bits: 16, array: Uint16Array, field: "int32Data" },
  INT16: { code: 5, bits: 16, array: Int16Array, field: "int32Data" },
  INT32: { code: 6, bits: 32, array: Int32Array, field: "int32Data" },
  INT64: { code: 7, bits: 64, array: BigInt64Array, field: "int64Data" },
  STRING: { code: 8, bits: 0, array: undefined, field: "stringData" },
  BOOL: { code: 9, bits: 8, array: Uint8Array, field: "int32Data" },
  FLOAT16: { code: 10, bits: 16, array: Uint16Array, field: "int32Data" },
  DOUBLE: { code: 11, bits: 64, array: Float64Array, field: "doubleData" },
  UINT32: { code: 12, bits: 32, array: Uint32Array, field: "uint64Data" },
  UINT64: { code: 13, bits: 64, array: BigUint64Array, field: "uint64Data" },
  COMPLEX64: { code: 14, bits: 64, array: Float32Array, field: "floatData", entries: 2 },
  COMPLEX128: { code: 15, bits: 128, array: Float64Array, field: "doubleData", entries: 2 },
  BFLOAT16: { code: 16, bits: 16, array: Uint16Array, field: "int32Data" },
  FLOAT8E4M3FN: { code: 17, bits: 8, array: Uint8Array, field: "int32Data" },
  FLOAT8E4M3FNUZ: { code: 18, bits: 8, array: Uint8Array, field: "int32Data" },
  FLOAT8E5M2: { code: 19, bits: 8, array: Uint8Array, field: "int32Data" },
  FLOAT8E5M2FNUZ: { code: 20, bits: 8, array: Uint8Array, field: "int32Data" },
  UINT4: { code: 21, bits: 4, array: Uint8Array, field: "int32Data" },
  INT4: { code: 22, bits: 4, array: Int8Array, field: "int32Data" },
  FLOAT4E2M1: { code: 23, bits: 4, array: Uint8Array, field: "int32Data" },
  FLOAT8E8M0: { code: 24, bits: 8, array: Uint8Array, field: "int32Data" },
  UINT2: { code: 25, bits: 2, array: Uint8Array, field: "int32Data" },
  INT2: { code: 26, bits: 2, array: Int8Array, field: "int32Data" },
} as const;

export type OnnxDataType = keyof typeof dataTypes;
export type OnnxNumberType = Exclude<OnnxDataType, "STRING">;

export type OnnxArray =
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

const names = new Map<number, OnnxDataType>(
  (Object.keys(dataTypes) as OnnxDataType[]).map((name) => [dataTypes[name].code, name]),
);

/** The name of a TensorProto.DataType code, or undefined for a code that is not known (0 is "undefined" in ONNX). */
export function dataTypeOf(code: number): OnnxDataType | undefined {
  return names.get(code);
}

/** The TensorProto.DataType code of a data type. */
export function dataTypeCode(name: OnnxDataType): number {
  return dataTypes[name].code;
}

/** The name of a tensor's data type; throws FormatError `onnx.data-type` when it has no elements that can be read. */
export function requireDataType(code: number, tensor: string): OnnxDataType {
  const name = names.get(code);
  if (name !== undefined) return name;
  throw new FormatError("onnx.data-type", `Tensor "${tensor}" has data type ${code}, which can't be read.`, {
    hint: `Known are ${[...names].map(([known, dataType]) => `${known} ${dataType}`).join(", ")}.`,
    where: tensor,
  });
}

/** Array entries of one element: 2 for complex numbers, else 1. */
export function entriesOf(dataType: OnnxDataType): number {
  const row = dataTypes[dataType];
  return "entries" in row ? row.entries : 1;
}
