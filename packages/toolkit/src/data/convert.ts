import { allocate, type DType, elementCount, isInteger, numbersOf, type Tensor, type TensorData } from "@millrace/ir";
import type { InputDescription } from "./description.ts";
import { DatasetError } from "./error.ts";
import { channelAxis } from "./stored.ts";

/** real = (stored - offset) * gain, with one value of each for all elements or one per channel. */
export interface Normalization {
  readonly offset: readonly number[];
  readonly gain: readonly number[];
}

/** What a description says of the values of samples of `shape`. Throws `data.channel-mismatch` for mean or std of another length. */
export function normalizationOf(input: InputDescription, shape: readonly number[]): Normalization {
  if (input.mean === undefined && input.std === undefined)
    return { offset: [input.zeroPoint ?? 0], gain: [input.scale ?? 1] };
  const mean = [input.mean ?? 0].flat();
  const std = [input.std ?? 1].flat();
  const count = Math.max(mean.length, std.length);
  const channels = shape[channelAxis(shape.length, input.layout)] ?? 1;
  if ([mean, std].some((list) => list.length !== 1 && list.length !== channels)) {
    throw new DatasetError(
      "data.channel-mismatch",
      `mean has ${mean.length} and std ${std.length} values; samples of ${input.file} have ${channels} channels`,
      {
        hint: "Give one value for all channels or one per channel, and the layout of the samples.",
        where: input.file,
      },
    );
  }
  const channel = (list: readonly number[], index: number) => list[list.length === 1 ? 0 : index];
  return {
    offset: Array.from({ length: count }, (_, index) => channel(mean, index)),
    gain: Array.from({ length: count }, (_, index) => 1 / channel(std, index)),
  };
}

/** The real values of a stored sample in its stored order; a view where they are stored as float32 already. */
export function realValues(stored: Tensor, { offset, gain }: Normalization, axis: number): Float32Array {
  const channels = offset.length;
  if (stored.data instanceof Float32Array && channels === 1 && offset[0] === 0 && gain[0] === 1) return stored.data;
  const values = numbersOf(stored);
  const result = new Float32Array(values.length);
  const run = channels === 1 ? values.length : elementCount(stored.shape.slice(axis + 1));
  for (let start = 0; start < values.length; start += run) {
    const channel = channels === 1 ? 0 : (start / run) % channels;
    for (let index = start; index < start + run; index++)
      result[index] = (values[index] - offset[channel]) * gain[channel];
  }
  return result;
}

/** The stored integers of a sample as `dtype`, unscaled. Throws `data.not-integer` for floats and for values out of its range. */
export function storedIntegers(stored: Tensor, dtype: DType, where: string): TensorData {
  if (stored.dtype === dtype) return stored.data;
  if (!isInteger(stored.dtype) && stored.dtype !== "bool") throw notInteger(`holds ${stored.dtype}`, dtype, where);
  const result = allocate(dtype, stored.data.length);
  const wide = result instanceof BigInt64Array || result instanceof BigUint64Array;
  for (let index = 0; index < result.length; index++) {
    const value = stored.data[index];
    result[index] = wide ? BigInt(value) : Number(value);
    const kept = dtype === "bool" ? value <= 1 && value >= 0 : BigInt(result[index]) === BigInt(value);
    if (!kept) throw notInteger(`holds ${value}`, dtype, where);
  }
  return result;
}

/** Throws `data.not-finite` for a number that is not finite. `where` names the sample, `file` its file. */
export function requireFinite(values: Float32Array, where: string, file: string): void {
  for (let index = 0; index < values.length; index++) {
    if (Number.isFinite(values[index])) continue;
    throw new DatasetError("data.not-finite", `Element ${index} of ${where} is ${values[index]}`, {
      hint: "Leave such samples out, or fill their gaps before they are stored; check scale, mean and std too.",
      where: file,
    });
  }
}

function notInteger(what: string, dtype: DType, where: string): DatasetError {
  return new DatasetError("data.not-integer", `The model's input takes ${dtype} and ${where} ${what}`, {
    hint: `Store the samples as integers that ${dtype} can hold.`,
    where,
  });
}
