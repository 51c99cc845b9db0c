import { FormatError } from "../error.ts";
import {
  dataTypeCode,
  dataTypeOf,
  dataTypes,
  entriesOf,
  type OnnxArray,
  type OnnxNumberType,
  requireDataType,
} from "./data-type.ts";
import { type ExternalData, readExternal } from "./external-data.ts";
import type { OnnxTensor } from "./model.ts";
import { pack, packedBytes, unpack } from "./sub-byte.ts";
import { decodeUtf8, encodeUtf8 } from "./utf8.ts";

/**
 * The elements of a tensor in row-major order. f16, bf16 and 8-bit floats are bit patterns, FLOAT4E2M1 its 4-bit codes; 4-bit and 2-bit
 * elements stand one to a byte; BOOL is false where 0; complex numbers are pairs (real, imaginary).
 */
export type OnnxTensorValue =
  | { readonly dataType: OnnxNumberType; readonly dims: readonly number[]; readonly data: OnnxArray }
  | { readonly dataType: "STRING"; readonly dims: readonly number[]; readonly data: readonly string[] };

/**
 * Decodes a stored tensor. The data is a view of the file where it is stored as raw bytes that are aligned for their type, else a copy.
 * Throws FormatError `onnx.data-type`, `onnx.tensor-size` (dims and data disagree; checked before anything is allocated),
 * `onnx.tensor-segment`, `onnx.tensor-text` and the codes of `readExternal`.
 */
export function decodeTensor(tensor: OnnxTensor, external?: ExternalData): OnnxTensorValue {
  const dataType = requireDataType(tensor.dataType, tensor.name);
  const { dims } = tensor;
  const count = elementCount(dims, tensor.name);
  if (tensor.segment !== undefined)
    throw failure(tensor, "tensor-segment", "is split into segments", "Export the model with whole tensors.");
  if (dataType === "STRING") return { dataType, dims, data: decodeTexts(tensor, count) };
  const raw = rawBytes(tensor, dataType, count, external);
  const data = raw === undefined ? fromField(tensor, dataType, count) : fromRaw(raw, dataType, count);
  return { dataType, dims, data };
}

/**
 * Stores elements as a tensor of that name, as raw bytes (a view of `data` where no packing is needed) or, for STRING, as texts.
 * Throws FormatError `onnx.tensor-size` when dims and data disagree, `onnx.tensor-type` when the array is not the data type's.
 */
export function encodeTensor(name: string, value: OnnxTensorValue): OnnxTensor {
  const { dataType, dims, data } = value;
  const tensor: OnnxTensor = { name, dims, dataType: dataTypeCode(dataType) };
  const entries = elementCount(dims, name) * entriesOf(dataType);
  if (data.length !== entries) throw sizeMismatch(tensor, entries, data.length, "elements");
  if (value.dataType === "STRING") return { ...tensor, stringData: value.data.map(encodeUtf8) };
  const { bits, array } = dataTypes[value.dataType];
  if (!(value.data instanceof array))
    throw failure(tensor, "tensor-type", `is ${dataType} but its data is no ${array.name}`, "Convert the data first.");
  const bytes = new Uint8Array(value.data.buffer, value.data.byteOffset, value.data.byteLength);
  return { ...tensor, rawData: bits === 4 || bits === 2 ? pack(bytes, bits) : bytes };
}

/** The product of `dims`, 1 for a scalar; throws FormatError `onnx.tensor-size` for a negative one or a product beyond 2^53. */
export function elementCount(dims: readonly number[], tensor: string): number {
  const count = dims.includes(0) ? 0 : dims.reduce((product, dim) => product * dim, 1);
  if (Number.isSafeInteger(count) && dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0)) return count;
  throw new FormatError("onnx.tensor-size", `Tensor "${tensor}" has the impossible dims [${shown(dims)}].`, {
    hint: "Export the model again; dims are sizes of a stored tensor.",
    where: tensor,
  });
}

function rawBytes(
  tensor: OnnxTensor,
  dataType: OnnxNumberType,
  count: number,
  external: ExternalData | undefined,
): Uint8Array | undefined {
  const size = packedBytes(count, dataTypes[dataType].bits);
  if (tensor.dataLocation === 1) return readExternal(tensor, size, external);
  const raw = tensor.rawData;
  if (raw === undefined || (raw.length === 0 && tensor[dataTypes[dataType].field] !== undefined)) return undefined;
  if (raw.length !== size) throw sizeMismatch(tensor, size, raw.length, "bytes");
  return raw;
}

function fromRaw(raw: Uint8Array, dataType: OnnxNumberType, count: number): OnnxArray {
  const { bits, array } = dataTypes[dataType];
  if (bits === 4 || bits === 2) return new array(unpack(raw, bits, count, array === Int8Array).buffer);
  const aligned = raw.byteOffset % array.BYTES_PER_ELEMENT === 0;
  const bytes = aligned ? raw : new Uint8Array(raw);
  return new array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length / array.BYTES_PER_ELEMENT);
}

function fromField(tensor: OnnxTensor, dataType: OnnxNumberType, count: number): OnnxArray {
  const { bits, array, field } = dataTypes[dataType];
  const stored = tensor[field] ?? new array(0);
  const expected = bits < 8 ? packedBytes(count, bits) : count * entriesOf(dataType);
  if (stored.length !== expected) throw sizeMismatch(tensor, expected, stored.length, `values in ${field}`);
  if (stored instanceof array) return stored;
  if (stored instanceof BigUint64Array) return Uint32Array.from(stored, Number);
  return bits < 8 ? fromRaw(Uint8Array.from(stored as Int32Array), dataType, count) : new array(stored as never);
}

function decodeTexts(tensor: OnnxTensor, count: number): readonly string[] {
  const stored = tensor.stringData ?? [];
  if (stored.length !== count) throw sizeMismatch(tensor, count, stored.length, "texts");
  return stored.map((bytes) => {
    const text = decodeUtf8(bytes);
    if (text !== undefined) return text;
    throw failure(tensor, "tensor-text", "holds a text that is not UTF-8", "Export the model again with UTF-8 texts.");
  });
}

function sizeMismatch(tensor: OnnxTensor, expected: number, actual: number, what: string): FormatError {
  const type = `${dataTypeOf(tensor.dataType)} [${shown(tensor.dims)}]`;
  const problem = `is ${type} and so needs ${expected} ${what}, but has ${actual}`;
  return failure(tensor, "tensor-size", problem, "Export the model again; its dims and data disagree.");
}

function failure(tensor: OnnxTensor, code: string, problem: string, hint: string): FormatError {
  return new FormatError(`onnx.${code}`, `Tensor "${tensor.name}" ${problem}.`, { hint, where: tensor.name });
}

function shown(dims: readonly number[]): string {
  return dims.length > 8 ? `${dims.slice(0, 8).join(", ")}, ...` : dims.join(", ");
}
