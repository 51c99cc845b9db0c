import { FormatError } from "../error.ts";
import { type NpyArray, type NpyData, npyTypes } from "./array.ts";
import { readHeader, writeHeader } from "./header.ts";

/**
 * Reads an array of numpy.save, turned to row-major and little-endian; the data is a view of `bytes` where that needs no change and the
 * bytes are aligned. Throws FormatError `npy.not-npy`, `npy.truncated`, `npy.malformed`, `npy.dtype` or `npy.size` (shape and data
 * disagree; checked before anything is allocated).
 */
export function readNpy(bytes: Uint8Array): NpyArray {
  const { dtype, bigEndian, fortranOrder, shape, dataOffset } = readHeader(bytes);
  const { array } = npyTypes[dtype];
  const size = countOf(shape) * array.BYTES_PER_ELEMENT;
  if (size !== bytes.length - dataOffset) throw sizeMismatch(dtype, shape, size, bytes.length - dataOffset);
  const start = bytes.byteOffset + dataOffset;
  const aligned = start % array.BYTES_PER_ELEMENT === 0 && !bigEndian;
  const stored = new Uint8Array(bytes.buffer, start, size);
  const raw = aligned ? stored : new Uint8Array(stored);
  if (bigEndian) swapBytes(raw, array.BYTES_PER_ELEMENT);
  const data = new array(raw.buffer as ArrayBuffer, raw.byteOffset, size / array.BYTES_PER_ELEMENT);
  return { dtype, shape, data: fortranOrder ? toRowMajor(data, shape) : data };
}

/** Writes an array as numpy.save does. Throws FormatError `npy.size`, `npy.type` or `npy.malformed` when data, dtype and shape do not agree. */
export function writeNpy({ dtype, shape, data }: NpyArray): Uint8Array {
  const { array } = npyTypes[dtype];
  if (!(data instanceof array))
    throw new FormatError("npy.type", `Data of an ${dtype} array is not in a ${array.name}.`, {
      hint: `Convert it to a ${array.name} first.`,
    });
  const header = writeHeader(dtype, shape);
  const size = countOf(shape) * array.BYTES_PER_ELEMENT;
  if (size !== data.byteLength) throw sizeMismatch(dtype, shape, size, data.byteLength);
  const bytes = new Uint8Array(header.length + size);
  bytes.set(header);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), header.length);
  return bytes;
}

function countOf(shape: readonly number[]): number {
  return shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, 1);
}

function swapBytes(bytes: Uint8Array, width: number): void {
  for (let start = 0; start < bytes.length; start += width)
    for (let low = start, high = start + width - 1; low < high; low++, high--)
      [bytes[low], bytes[high]] = [bytes[high]!, bytes[low]!];
}

/** Column-major to row-major: walks the result in order, with an odometer of indices for the place in `data`. */
function toRowMajor(data: NpyData, shape: readonly number[]): NpyData {
  const rank = shape.length;
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, size) => product * size, 1));
  const index = new Array<number>(rank).fill(0);
  const result = data.slice();
  let from = 0;
  for (let to = 0; to < result.length; to++) {
    result[to] = data[from]!;
    for (let axis = rank - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}

function sizeMismatch(dtype: string, shape: readonly number[], needed: number, present: number): FormatError {
  const problem = `is ${dtype} (${shape.join(", ")}) and so needs ${needed} bytes, but has ${present}`;
  return new FormatError("npy.size", `The array ${problem}.`, { hint: "Save or copy the array again." });
}
