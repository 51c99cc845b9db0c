import { allocate, elementCount, type Tensor } from "@millrace/ir";
import type { WindowDescription } from "./description.ts";
import { DatasetError } from "./error.ts";

const mostWindows = 2 ** 20;

/** Shape of a window of samples of `shape`. Throws `data.window-mismatch` if it does not fit them, or more than 2^20 times. */
export function windowShape(shape: readonly number[], window: WindowDescription, file: string): readonly number[] {
  const { axis, size } = window;
  if (size <= (shape[axis] ?? 0) && windowCount(shape, window) <= mostWindows) return shape.with(axis, size);
  const message = `Windows of ${size} along axis ${axis} do not fit samples [${shape.join(", ")}] of ${file}`;
  throw new DatasetError("data.window-mismatch", message, {
    hint: "The axis counts from 0 without a batch, the size is at most that of the axis, and a sample has at most 2^20 windows.",
    where: file,
  });
}

function windowCount(shape: readonly number[], { axis, size, step }: WindowDescription): number {
  return Math.floor((shape[axis] - size) / step) + 1;
}

/** Every whole window of a sample in order, views where the window's axis is the outermost: floor((length - size) / step) + 1 of them. */
export function windowsOf(sample: Tensor, window: WindowDescription): Tensor[] {
  const { axis, size, step } = window;
  const { dtype, data, shape } = sample;
  const inner = elementCount(shape.slice(axis + 1));
  const outer = elementCount(shape.slice(0, axis));
  const length = shape[axis] * inner;
  const cut = (start: number) => {
    if (outer === 1) return data.subarray(start * inner, (start + size) * inner);
    const result = allocate(dtype, outer * size * inner);
    for (let block = 0; block < outer; block++) {
      const from = block * length + start * inner;
      result.set(data.subarray(from, from + size * inner) as never, block * size * inner);
    }
    return result;
  };
  return Array.from({ length: windowCount(shape, window) }, (_, index) => ({
    dtype,
    shape: shape.with(axis, size),
    data: cut(index * step),
  }));
}
