import { FormatError } from "../../error.ts";
import { bytesOf, type ScalarType, scalarTypes } from "./scalar-type.ts";

export type StoredNumbers =
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

/** Bytes that tensors look at, little-endian. Tensors that are tied have the same storage object. */
export interface Storage {
  /** Its name in the archive. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** How a tensor looks at a storage. */
type View = Pick<StoredTensor, "sizes" | "strides" | "storageOffset">;

/** A tensor that looks at a storage: element (i, j, …) is at `storageOffset` + i · strides[0] + j · strides[1] + …, in elements. */
export interface StoredTensor {
  readonly scalarType: keyof typeof scalarTypes;
  readonly sizes: readonly number[];
  readonly strides: readonly number[];
  readonly storageOffset: number;
  readonly storage: Storage;
  readonly requiresGrad: boolean;
}

/** Elements in row-major order; a complex number takes two entries. */
export interface DenseTensor {
  readonly scalarType: keyof typeof scalarTypes;
  readonly sizes: readonly number[];
  readonly data: StoredNumbers;
}

/** No tensor may have more elements, or more bytes where they have to be copied. */
const maximumElements = 2 ** 32;
const maximumCopy = 2 ** 31;

/**
 * A tensor over a storage. Throws FormatError `pt2.tensor-size` where sizes and strides make no tensor or reach past the storage, and
 * `pt2.scalar-type` for an element type that has no elements.
 */
export function storedTensor(
  name: string,
  tensor: Omit<StoredTensor, "scalarType"> & { readonly scalarType: ScalarType },
): StoredTensor {
  const { scalarType, sizes, strides, storageOffset, storage } = tensor;
  if (scalarType === "unknown") throw failure(name, "scalar-type", "has an element type that is not known");
  const isCount = (value: number) => Number.isSafeInteger(value) && value >= 0;
  const shown = `${scalarType} [${shownSizes(sizes)}] with strides [${shownSizes(strides)}]`;
  if (![...sizes, ...strides, storageOffset].every(isCount) || sizes.length !== strides.length)
    throw failure(name, "tensor-size", `is ${shown} at ${storageOffset}, which is no tensor`);
  const needed = bytesUpTo(scalarType, tensor);
  if (elementCount(sizes) > maximumElements || needed > storage.bytes.length)
    throw failure(
      name,
      "tensor-size",
      `is ${shown}, which needs ${needed} bytes of the ${storage.bytes.length} of ${storage.name}`,
    );
  return { ...tensor, scalarType };
}

/**
 * The elements of a tensor in row-major order: a view of the archive where they are stored so and aligned, else gathered. Throws
 * FormatError `pt2.tensor-size` for more than 2 GiB to copy, which a tensor that repeats its elements (a stride of 0) may have in
 * spite of a small storage.
 */
export function denseTensor(name: string, tensor: StoredTensor): DenseTensor {
  const { scalarType, sizes, strides, storage } = tensor;
  const { array, entries } = scalarTypes[scalarType];
  const copied = copiedBytes(tensor);
  if (copied > maximumCopy)
    throw failure(name, "tensor-size", `has ${copied} bytes to copy, more than the limit of ${maximumCopy}`);
  const start = tensor.storageOffset * bytesOf(scalarType);
  const bytes = storage.bytes.subarray(start, Math.max(start, bytesUpTo(scalarType, tensor)));
  const aligned = isAligned(tensor) ? bytes : new Uint8Array(bytes);
  const length = aligned.length / array.BYTES_PER_ELEMENT;
  const source = new array(aligned.buffer as ArrayBuffer, aligned.byteOffset, length);
  if (isRowMajor(tensor)) return { scalarType, sizes, data: source };
  const result = new array(
    new ArrayBuffer(elementCount(sizes) * bytesOf(scalarType)),
    0,
    elementCount(sizes) * entries,
  );
  gather(source, result, [...sizes, entries], [...strides.map((stride) => stride * entries), 1]);
  return { scalarType, sizes, data: result };
}

/** Bytes that `denseTensor` has to copy. */
export function copiedBytes(tensor: StoredTensor): number {
  const { scalarType, sizes, storageOffset } = tensor;
  if (isRowMajor(tensor) && isAligned(tensor)) return 0;
  const width = bytesOf(scalarType);
  return Math.max(elementCount(sizes) * width, bytesUpTo(scalarType, tensor) - storageOffset * width);
}

/** Bytes of the storage up to the tensor's last element. */
function bytesUpTo(scalarType: StoredTensor["scalarType"], { sizes, strides, storageOffset }: View): number {
  if (sizes.includes(0)) return 0;
  const last = sizes.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, storageOffset);
  return (last + 1) * bytesOf(scalarType);
}

function isAligned({ scalarType, storage, storageOffset }: StoredTensor): boolean {
  const start = storage.bytes.byteOffset + storageOffset * bytesOf(scalarType);
  return start % scalarTypes[scalarType].array.BYTES_PER_ELEMENT === 0;
}

function isRowMajor({ sizes, strides }: View): boolean {
  let expected = 1;
  for (let axis = sizes.length - 1; axis >= 0; axis--) {
    if (sizes[axis] !== 1 && strides[axis] !== expected) return sizes.includes(0);
    expected *= sizes[axis]!;
  }
  return true;
}

/** Walks the result in row-major order, with an odometer of indices for the place in the source. */
function gather(
  source: StoredNumbers,
  result: StoredNumbers,
  sizes: readonly number[],
  strides: readonly number[],
): void {
  const index = new Array<number>(sizes.length).fill(0);
  let from = 0;
  for (let to = 0; to < result.length; to++) {
    result[to] = source[from]!;
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < sizes[axis]!) break;
      from -= strides[axis]! * sizes[axis]!;
      index[axis] = 0;
    }
  }
}

function elementCount(sizes: readonly number[]): number {
  return sizes.includes(0) ? 0 : sizes.reduce((product, size) => product * size, 1);
}

function shownSizes(sizes: readonly number[]): string {
  return sizes.length > 8 ? `${sizes.slice(0, 8).join(", ")}, ...` : sizes.join(", ");
}

function failure(name: string, code: string, problem: string): FormatError {
  return new FormatError(`pt2.${code}`, `The tensor "${name}" ${problem}.`, {
    hint: "Export the model again with torch.export.save.",
    where: name,
  });
}
