import { type Tensor as StoredTensor, type TensorTypeName, unpackInt2, unpackInt4 } from "@millrace/formats/tflite";
import {
  bitsOf,
  type DType,
  elementCount,
  fail,
  integerRange,
  isInteger,
  printShape,
  type Quantization,
  type Shape,
  type Tensor,
  tensorOf,
  type ValueType,
  viewBytes,
} from "@millrace/ir";

/** Rank beyond which no TFLite kernel goes, and the largest size of an axis. */
const largestRank = 8;
const largestSize = 2 ** 31 - 1;

const dtypeNames: Readonly<Partial<Record<string, DType>>> = {
  FLOAT32: "f32",
  FLOAT16: "f16",
  BFLOAT16: "bf16",
  FLOAT64: "f64",
  INT2: "i2",
  INT4: "i4",
  INT8: "i8",
  INT16: "i16",
  INT32: "i32",
  INT64: "i64",
  UINT4: "u4",
  UINT8: "u8",
  UINT16: "u16",
  UINT32: "u32",
  UINT64: "u64",
  BOOL: "bool",
} satisfies Partial<Record<TensorTypeName, DType>>;

/** The name a tensor is known by: its own, or its number where it has none. */
export function tensorName(tensor: StoredTensor, index: number): string {
  return tensor.name || `tensor_${index}`;
}

/** Element type, shape and quantization a file states for a tensor. Throws `tflite.unsupported-type`, `tflite.shape` or `tflite.quantization`. */
export function typeOf(tensor: StoredTensor, name: string): ValueType & { readonly shape: readonly number[] } {
  const dtype = dtypeNames[tensor.type];
  if (dtype === undefined) {
    fail("tflite.unsupported-type", `Tensor "${name}" holds ${tensor.type} elements, which can't be represented.`, {
      at: { value: name },
      hint: "Export the model with numeric tensors.",
    });
  }
  const { shape } = tensor;
  if (!isPossibleShape(shape)) {
    fail("tflite.shape", `Tensor "${name}" has the shape ${printShape(shape)}, which no tensor can have.`, {
      at: { value: name },
      hint: `Sizes are at least 0, and there are at most ${largestRank} of them.`,
    });
  }
  const quantization = isInteger(dtype) ? quantizationOf(tensor, name, dtype) : undefined;
  return { dtype, shape, ...(quantization && { quantization }) };
}

/** Whether a tensor of a TFLite file can have these sizes. */
export function isPossibleShape(shape: Shape): boolean {
  return (
    shape.length <= largestRank && shape.every((size) => typeof size === "string" || (size >= 0 && size <= largestSize))
  );
}

function quantizationOf(tensor: StoredTensor, name: string, dtype: DType): Quantization | undefined {
  const stored = tensor.quantization;
  const scale = stored?.scale ?? [];
  const wrong = (why: string): never =>
    fail("tflite.quantization", `The quantization of tensor "${name}" ${why}.`, {
      at: { value: name },
      hint: "Export the model with quantization for the whole tensor or for each index of one axis.",
    });
  if (stored?.details && stored.details.kind !== "CustomQuantization") wrong(`is a ${stored.details.kind}`);
  if (scale.length === 0 || (scale.length === 1 && scale[0] === 0)) return undefined;
  if (!scale.every((item) => item >= 0 && Number.isFinite(item))) wrong("has a scale that is no finite number from 0");
  const zeroPoint = zeroPoints(stored?.zeroPoint ?? [], scale.length);
  if (zeroPoint === undefined) wrong(`has ${scale.length} scales but ${stored?.zeroPoint?.length} zero points`);
  const [least, greatest] = integerRange(dtype);
  if (!zeroPoint!.every((item) => item >= least && item <= greatest)) wrong(`has a zero point outside of ${dtype}`);
  if (scale.length === 1) return { scale, zeroPoint: zeroPoint! };
  const axis = tensor.shape.length === 1 ? 0 : (stored?.quantizedDimension ?? 0);
  if (tensor.shape[axis] !== scale.length) {
    wrong(`has ${scale.length} scales along axis ${axis} of the shape ${printShape(tensor.shape)}`);
  }
  return { scale, zeroPoint: zeroPoint!, axis };
}

function zeroPoints(stored: readonly bigint[], count: number): readonly number[] | undefined {
  if (stored.length === count) return stored.map(Number);
  if (stored.length > 1) return undefined;
  return new Array<number>(count).fill(Number(stored[0] ?? 0n));
}

type Unpack = (bytes: Uint8Array, count: number) => Int8Array | Uint8Array;

/** Element types that are stored several to a byte. */
const unpackings: Readonly<Partial<Record<string, Unpack>>> = {
  INT2: unpackInt2,
  INT4: unpackInt4,
  UINT4: (bytes, count) => Uint8Array.from(unpackInt4(bytes, count), (item) => item & 15),
} satisfies Partial<Record<TensorTypeName, Unpack>>;

/**
 * A constant over the bytes of a buffer, viewed where they allow it; `shape` is that of what is stored. Throws `tflite.buffer-size`
 * where they are not what the shape needs, and what `typeOf` does.
 */
export function constantOf(stored: StoredTensor, bytes: Uint8Array, name: string, shape = stored.shape): Tensor {
  const { dtype } = typeOf({ ...stored, shape, quantization: undefined }, name);
  const count = elementCount(shape);
  const needed = Math.ceil((count * bitsOf(dtype)) / 8);
  if (bytes.length !== needed) {
    fail(
      "tflite.buffer-size",
      `Tensor "${name}" of ${dtype}${printShape(shape)} needs ${needed} bytes, but its buffer has ${bytes.length}.`,
      { at: { value: name }, hint: "The file is damaged; export it again." },
    );
  }
  const unpack = unpackings[stored.type];
  return unpack ? tensorOf(dtype, shape, unpack(bytes, count)) : viewBytes(dtype, shape, bytes);
}
