import { allocate, type DType, elementCount, sameShape, type TensorData } from "@millrace/ir";
import { DatasetError } from "./error.ts";
import type { SampleLayout } from "./stored.ts";

/** An input of a model, as far as data has to fit it. */
export interface ModelInput {
  readonly name: string;
  /** Batch of 1 included. */
  readonly shape: readonly number[];
  /** Decides between two arrangements that both fit. */
  readonly layout?: "NHWC" | "NCHW" | undefined;
  /** i32, i64, u32, u64 and bool take the stored integers as they are; any other takes real values. */
  readonly dtype: DType;
}

/** Turns the elements of a sample, in stored order, into the model's order. */
export type Fit = (dtype: DType, data: TensorData) => TensorData;

/**
 * How samples of `shape` feed a model input: as they are; turned channel first or last; else, when only sizes of 1 differ or one
 * side is flat, as they are under the model's shape. Throws `data.shape-mismatch` with both shapes otherwise.
 *
 * @param file where the samples come from, for the error
 */
export function fitSample(
  shape: readonly number[],
  layout: SampleLayout | undefined,
  input: ModelInput,
  file: string,
): Fit {
  const asStored = { shape, fit: unchanged };
  const turned = turns(shape, layout);
  const known = layout !== undefined && input.layout !== undefined;
  const candidates = known && input.layout !== `N${layout}` ? [...turned, asStored] : [asStored, ...turned];
  const exact = candidates.find((candidate) => sameShape([1, ...candidate.shape], input.shape));
  const loose = exact ?? candidates.find((candidate) => sameShape(squeeze(candidate.shape), squeeze(input.shape)));
  if (loose !== undefined) return loose.fit;
  const flat = squeeze(shape).length <= 1 || squeeze(input.shape).length <= 1;
  if (flat && elementCount(shape) === elementCount(input.shape)) return unchanged;
  throw mismatch(shape, layout, input, file);
}

const unchanged: Fit = (_dtype, data) => data;

/** The channel-last and channel-first forms of a sample that its layout, if it is known, does not rule out. */
function turns(shape: readonly number[], layout: SampleLayout | undefined): { shape: readonly number[]; fit: Fit }[] {
  if (shape.length !== 3) return [];
  const [first, middle, last] = shape;
  const toFirst = { shape: [last, first, middle], fit: transposed(first * middle, last) };
  const toLast = { shape: [middle, last, first], fit: transposed(first, middle * last) };
  if (layout === undefined) return [toFirst, toLast];
  return layout === "HWC" ? [toFirst] : [toLast];
}

/** The transpose of a rows x columns matrix, copied. */
export function transposed(rows: number, columns: number): Fit {
  return (dtype, data) => {
    const result = allocate(dtype, data.length);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) result[column * rows + row] = data[row * columns + column];
    }
    return result;
  };
}

function squeeze(shape: readonly number[]): readonly number[] {
  return shape.filter((size) => size !== 1);
}

function mismatch(
  shape: readonly number[],
  layout: SampleLayout | undefined,
  input: ModelInput,
  file: string,
): DatasetError {
  const stored = `[${shape.join(", ")}]${layout === undefined ? "" : ` (${layout})`}`;
  const message = `Input "${input.name}" takes [${input.shape.join(", ")}] and one sample of ${file} is ${stored}`;
  const equal = elementCount(shape) === elementCount(input.shape);
  const hint = equal
    ? "The sizes agree but not their order: state the layout of the samples, or store them in the model's order."
    : "Store samples of the model's shape, or give the model's input that shape (--shape NAME=1,…); a window cuts long samples.";
  return new DatasetError("data.shape-mismatch", message, { hint, where: `${input.name}, ${file}` });
}
