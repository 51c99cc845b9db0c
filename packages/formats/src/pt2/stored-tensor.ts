import { FormatError } from "../error.ts";
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

/** More elements than this can't be one array. */
const maximumElements = 2 ** 32;

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
  const count = elementCount(sizes);
  const last = sizes.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, storageOffset);
  const needed = count === 0 ? 0 : (last + 1) * bytesOf(scalarType);
  if (count > maximumElements || needed > storage.bytes.length)
    throw failure(
      name,
      "tensor-size",
      `is ${shown}, which needs ${needed} bytes of the ${storage.bytes.length} of ${storage.name}`,
    );
  return { ...tensor, scalarType };
}

/**
 * The elements of a tensor in row-major order: a view of the archive where they are stored so and aligned, else gathered. A tensor that repeats its
 * elements (a stride of 0) needs more memory than its storage; more than `maximumBytes` (2 GiB by default) is FormatError `pt2.tensor-size`.
 */
export function denseTensor(name: string, tensor: StoredTensor, maximumBytes = 2 ** 31): DenseTensor {
  const { scalarType, sizes, storage, storageOffset } = tensor;
  const width = bytesOf(scalarType);
  const size = elementCount(sizes) * width;
  if (size > maximumBytes)
    throw failure(name, "tensor-size", `has ${size} bytes, more than the limit of ${maximumBytes}`);
  const stored = isRowMajor(tensor)
    ? storage.bytes.subarray(storageOffset * width, storageOffset * width + size)
    : gather(tensor, width, size);
  const { array } = scalarTypes[scalarType];
  const aligned = stored.byteOffset % array.BYTES_PER_ELEMENT === 0 ? stored : new Uint8Array(stored);
  const data = new array(aligned.buffer as ArrayBuffer, aligned.byteOffset, size / array.BYTES_PER_ELEMENT);
  return { scalarType, sizes, data };
}

function isRowMajor({ sizes, strides }: StoredTensor): boolean {
  let expected = 1;
  for (let axis = sizes.length - 1; axis >= 0; axis--) {
    if (sizes[axis] !== 1 && strides[axis] !== expected) return sizes.includes(0);
    expected *= sizes[axis]!;
  }
  return true;
}

/** Walks the elements in row-major order, with an odometer of indices for the place in the storage. */
function gather({ sizes, strides, storage, storageOffset }: StoredTensor, width: number, size: number): Uint8Array {
  const result = new Uint8Array(size);
  const index = new Array<number>(sizes.length).fill(0);
  let from = storageOffset;
  for (let to = 0; to < size; to += width) {
    for (let byte = 0; byte < width; byte++) result[to + byte] = storage.bytes[from * width + byte]!;
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < sizes[axis]!) break;
      from -= strides[axis]! * sizes[axis]!;
      index[axis] = 0;
    }
  }
  return result;
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
