import { type Shape, type Value, windowCount } from "@millrace/ir";
import type { Layout } from "./attributes.ts";

/** Axis numbers of image-like data. */
export function spatialAxes(layout: Layout): {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
} {
  return layout === "first" ? { channels: 1, height: 2, width: 3 } : { height: 1, width: 2, channels: 3 };
}

/** A shape in `layout`. */
export function imageShape(layout: Layout, [batch, height, width, channels]: Shape): Shape {
  return layout === "first" ? [batch, channels, height, width] : [batch, height, width, channels];
}

/** Output height and width of a window that slides over image-like data; padding is [top, left, bottom, right]. */
export function slidingSize(
  shape: Shape,
  window: {
    readonly kernel: readonly number[];
    readonly stride: readonly number[];
    readonly dilation: readonly number[];
    readonly padding: readonly number[];
    readonly layout: Layout;
  },
): readonly [Shape[number], Shape[number]] {
  const { height, width } = spatialAxes(window.layout);
  const { kernel, stride, dilation, padding } = window;
  return [
    windowCount(shape[height], kernel[0], stride[0], dilation[0], padding[0] + padding[2]),
    windowCount(shape[width], kernel[1], stride[1], dilation[1], padding[1] + padding[3]),
  ];
}

/** Flat strides of static image-like data by role. */
export function imageStrides(shape: readonly number[], layout: Layout) {
  const { height, width, channels } = spatialAxes(layout);
  const [h, w, c] = [shape[height], shape[width], shape[channels]];
  return layout === "first"
    ? { batch: c * h * w, channel: h * w, row: w, column: 1, height: h, width: w, channels: c }
    : { batch: h * w * c, row: w * c, column: c, channel: 1, height: h, width: w, channels: c };
}

/** Whether image-like data is what it should be: four axes. */
export const fourAxes = ["x has four axes", ({ x }: { x: Value }) => x.type.shape.length === 4] as const;
