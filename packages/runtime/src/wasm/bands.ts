import type { Window } from "../kernels/window.ts";

/** Bytes of widened data that are worked on at a time, and pixels of results. */
const bandBytes = 40960;
const bandPixels = 512;

/** The sizes of a convolution, channels last; every window over one channel only where it is depthwise. */
export interface Geometry {
  readonly from: readonly number[];
  readonly to: readonly number[];
  readonly window: Window;
  readonly depthwise: boolean;
}

/** How a convolution goes over its data in bands of rows, widened and padded. */
export interface Bands {
  /** Elements of a pixel, and pixels of a row, in the band. */
  readonly depth: number;
  readonly columns: number;
  /** Rows of results computed at a time, input rows under them, and input rows under one. */
  readonly rows: number;
  readonly height: number;
  readonly reach: number;
}

/** Whether each window covers the pixel that its result takes the place of, with one filter for all channels. */
function isPointwise({ window, depthwise }: Geometry): boolean {
  const { kernel, stride, padding } = window;
  return !depthwise && [...kernel, ...stride].every((size) => size === 1) && padding.every((size) => size === 0);
}

/** Whether there is just one pixel, and the window covers it. */
export function isPixel(geometry: Geometry): boolean {
  const [batches, height, width] = geometry.from;
  return isPointwise(geometry) && batches * height * width === 1;
}

/** A geometry of one column where windows cover a pixel each, so that bands may end anywhere. */
export function flattened(geometry: Geometry): Geometry {
  const { from, to } = geometry;
  if (!isPointwise(geometry)) return geometry;
  const pixels = to[0] * to[1] * to[2];
  return { ...geometry, from: [1, pixels, 1, from[3]], to: [1, pixels, 1, to[3]] };
}

/** Whether windows are 3 by 3 of neighbours, with a filter for each channel, one or two columns apart. */
export function isNine({ window, depthwise }: Geometry): boolean {
  const { kernel, stride, dilation } = window;
  return depthwise && stride[1] <= 2 && kernel.every((size) => size === 3) && dilation.every((step) => step === 1);
}

/** Bands of as many rows as fit. */
export function bandsOf(geometry: Geometry): Bands {
  const { from, to, window, depthwise } = geometry;
  const [, , width, channels] = from;
  const [, outHeight, outWidth] = to;
  const { kernel, stride, dilation, padding } = window;
  const depth = depthwise ? Math.ceil(channels / 8) * 8 : channels;
  const [reach, reachAcross] = kernel.map((size, axis) => (size - 1) * dilation[axis] + 1);
  const columns = Math.max(padding[1] + width, (outWidth - 1) * stride[1] + reachAcross);
  const fitting = Math.floor((bandBytes / (2 * columns * depth) - reach) / stride[0]) + 1;
  const most = Math.max(1, Math.min(outHeight, fitting, Math.floor(bandPixels / outWidth)));
  const rows = outWidth === 1 && most >= 4 ? most - (most % 4) : most;
  return { depth, columns, rows, height: (rows - 1) * stride[0] + reach, reach };
}

/** Byte offset in the band of every pixel of a full band of results. */
export function pixelOffsets({ to, window }: Geometry, { rows, columns, depth }: Bands): Uint32Array {
  const width = to[2];
  return Uint32Array.from({ length: rows * width }, (_, pixel) => {
    const [row, column] = [Math.floor(pixel / width), pixel % width];
    return 2 * depth * (row * window.stride[0] * columns + column * window.stride[1]);
  });
}

/** Elements under a window that lie in one piece. */
export function runLength({ window, depthwise }: Geometry, { depth }: Bands): number {
  return depthwise || window.dilation[1] > 1 ? depth : depth * window.kernel[1];
}

/** Byte offsets of those pieces from the window's first pixel. */
export function runOffsets({ window, depthwise }: Geometry, { columns, depth }: Bands): Uint32Array {
  const { kernel, dilation } = window;
  const perRow = depthwise || dilation[1] > 1 ? kernel[1] : 1;
  return Uint32Array.from({ length: kernel[0] * perRow }, (_, run) => {
    const [row, column] = [Math.floor(run / perRow), run % perRow];
    return 2 * depth * (row * dilation[0] * columns + column * dilation[1]);
  });
}
