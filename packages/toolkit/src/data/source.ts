import { bytesOf, type DType, elementCount, type Tensor, viewBytes } from "@millrace/ir";
import { DatasetError } from "./error.ts";

/** The stored samples of one input. */
export interface Source {
  readonly count: number;
  /** Of one sample, without a batch. */
  readonly shape: readonly number[];
  /** The file or folder, for errors. */
  readonly file: string;
  /** The file that a sample is in, for errors. */
  fileOf(index: number): string;
  /** The stored bytes of a sample, in its file's own encoding. */
  bytes(index: number): Promise<Uint8Array>;
  /** The stored elements of a sample, where possible a view. */
  sample(index: number): Promise<Tensor>;
}

/** A source over one array whose first axis counts the samples. Throws `data.bad-array` for a scalar or an empty one. */
export function arraySource(array: Tensor, file: string): Source {
  const [count, ...shape] = array.shape;
  const size = elementCount(shape);
  if (count === undefined || count * size === 0) {
    throw new DatasetError(
      "data.bad-array",
      `${file} holds an array of shape [${array.shape.join(", ")}], which has no samples`,
      {
        hint: "The first axis of an array counts the samples; store at least one.",
        where: file,
      },
    );
  }
  const part = (index: number): Tensor => {
    return { dtype: array.dtype, shape, data: array.data.subarray(index * size, (index + 1) * size) };
  };
  return {
    count,
    shape,
    file,
    fileOf: () => file,
    bytes: async (index) => bytesOf(part(index)),
    sample: async (index) => part(index),
  };
}

/** A source over raw little-endian elements, sample after sample. Throws `data.size-mismatch` unless they are whole samples. */
export function rawSource(bytes: Uint8Array, dtype: DType, shape: readonly number[], file: string): Source {
  const sampleBytes = viewBytes(dtype, [0], new Uint8Array()).data.BYTES_PER_ELEMENT * elementCount(shape);
  if (bytes.length === 0 || bytes.length % sampleBytes !== 0) {
    throw new DatasetError(
      "data.size-mismatch",
      `${file} holds ${bytes.length} bytes, which is not a whole number of samples of ${sampleBytes} bytes (${dtype} [${shape.join(", ")}])`,
      { hint: "Check dtype and shape in dataset.json, and that the file is whole.", where: file },
    );
  }
  return arraySource(viewBytes(dtype, [bytes.length / sampleBytes, ...shape], bytes), file);
}
