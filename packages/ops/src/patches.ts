import { numbersOf, type Patches, type Tensor, windowCount } from "@millrace/ir";

/** Rows of the last axis. */
export function rowPatches(data: Tensor): Patches {
  const numbers = numbersOf(data);
  const length = data.shape.at(-1)!;
  return {
    count: length === 0 ? 0 : numbers.length / length,
    read(place, row) {
      for (let index = 0; index < length; index++) row[index] = numbers[place * length + index];
    },
  };
}

export interface SlidingWindow {
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  /** [top, left, bottom, right] */
  readonly padding: readonly number[];
  readonly groups: number;
}

/** What a window of OHWI weights sees of NHWC data at each of its places, with zeros for the padding. */
export function imagePatches(
  data: Tensor,
  [, kernelHeight, kernelWidth, depth]: readonly number[],
  { stride, dilation, padding, groups }: SlidingWindow,
): Patches {
  const [batches, height, width, channels] = data.shape;
  const numbers = numbersOf(data);
  const size = kernelHeight * kernelWidth * depth;
  const rows = windowCount(height, kernelHeight, stride[0], dilation[0], padding[0] + padding[2]) as number;
  const columns = windowCount(width, kernelWidth, stride[1], dilation[1], padding[1] + padding[3]) as number;
  return {
    count: batches * rows * columns,
    read(place, patch) {
      const top = (Math.floor(place / columns) % rows) * stride[0] - padding[0];
      const left = (place % columns) * stride[1] - padding[1];
      const image = Math.floor(place / (rows * columns)) * height;
      patch.fill(0);
      for (let tap = 0; tap < kernelHeight * kernelWidth; tap++) {
        const y = top + Math.floor(tap / kernelWidth) * dilation[0];
        const x = left + (tap % kernelWidth) * dilation[1];
        if (y < 0 || y >= height || x < 0 || x >= width) continue;
        const at = ((image + y) * width + x) * channels;
        for (let channel = 0; channel < groups * depth; channel++)
          patch[Math.floor(channel / depth) * size + tap * depth + (channel % depth)] = numbers[at + channel];
      }
    },
  };
}
