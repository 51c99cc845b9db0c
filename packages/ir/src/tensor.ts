import { allocate, type DType, holds, type TensorData } from "./dtype.ts";
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from "./float16.ts";
import { elementCount } from "./shape.ts";

/** Elements in row-major order. `data` may be a view into a larger buffer and is never written to by its readers. */
export interface Tensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** A tensor over existing data. Throws if the length or the array type does not fit, which is a fault of the caller. */
export function tensorOf(dtype: DType, shape: readonly number[], data: TensorData): Tensor {
  if (!holds(dtype, data)) throw new Error(`${dtype} can't be held by ${data.constructor.name}`);
  const count = elementCount(shape);
  if (data.length !== count) throw new Error(`shape [${shape}] has ${count} elements, the data ${data.length}`);
  return { dtype, shape, data };
}

export function zeros(dtype: DType, shape: readonly number[]): Tensor {
  return { dtype, shape, data: allocate(dtype, elementCount(shape)) };
}

/** A new tensor from plain numbers, rounded to what `dtype` can hold. */
export function fromNumbers(dtype: DType, shape: readonly number[], values: ArrayLike<number>): Tensor {
  const tensor = zeros(dtype, shape);
  if (values.length !== tensor.data.length) throw new Error(`shape [${shape}] does not hold ${values.length} values`);
  const write = writerOf(tensor);
  for (let index = 0; index < values.length; index++) write(index, values[index]);
  return tensor;
}

/** Its elements as plain numbers: a view where the storage already holds them, else a copy. 64-bit integers beyond 2^53 lose low bits. */
export function numbersOf(tensor: Tensor): ArrayLike<number> {
  const { dtype, data } = tensor;
  if (dtype === "f16") return Float32Array.from(data as Uint16Array, fromFloat16);
  if (dtype === "bf16") return Float32Array.from(data as Uint16Array, fromBfloat16);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array)
    return Float64Array.from(data as BigInt64Array, Number);
  return data;
}

/** A function that stores a plain number as an element; integers saturate at 64 bits and wrap as their array type does below. */
export function writerOf(tensor: Tensor): (index: number, value: number) => void {
  const { dtype, data } = tensor;
  if (dtype === "f16" || dtype === "bf16") {
    const encode = dtype === "f16" ? toFloat16 : toBfloat16;
    return (index, value) => {
      (data as Uint16Array)[index] = encode(value);
    };
  }
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    return (index, value) => {
      data[index] = BigInt(Number.isFinite(value) ? Math.trunc(value) : 0);
    };
  }
  const store = data as Float64Array;
  return (index, value) => {
    store[index] = value;
  };
}

/** The same elements under another shape of equal count. */
export function reshapeTensor(tensor: Tensor, shape: readonly number[]): Tensor {
  return tensorOf(tensor.dtype, shape, tensor.data);
}

/** Raw little-endian bytes of the elements, viewed. */
export function bytesOf(tensor: Tensor): Uint8Array {
  return new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
}

/** A view of little-endian bytes as elements; copies where the bytes are not aligned. */
export function viewBytes(dtype: DType, shape: readonly number[], bytes: Uint8Array): Tensor {
  const probe = allocate(dtype, 0);
  const size = probe.BYTES_PER_ELEMENT;
  const count = elementCount(shape);
  if (bytes.byteLength !== count * size)
    throw new Error(`shape [${shape}] of ${dtype} needs ${count * size} bytes, not ${bytes.byteLength}`);
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  const View = probe.constructor as new (buffer: ArrayBufferLike, offset: number, length: number) => TensorData;
  return { dtype, shape, data: new View(aligned.buffer, aligned.byteOffset, count) };
}

/** The first element as a number. */
export function scalarOf(tensor: Tensor): number {
  return Number(numbersOf(tensor)[0]);
}
