import type { Node, Value } from "@millrace/ir";

/** A window that slides over channel-last data. */
export interface Window {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  /** [top, left, bottom, right]. */
  readonly padding: readonly number[];
}

/** The window of a channel-last convolution, whose weights have height and width as their second and third axis. */
export function windowOf(node: Node): Window {
  const { stride, dilation, padding } = node.attributes as unknown as Window;
  const [, height, width] = (node.inputs[1] as Value).type.shape as readonly number[];
  return { kernel: [height, width], stride, dilation, padding };
}

/**
 * Visits the result's pixels in order: for each, `tap` gets the flat index of the first channel of every data pixel
 * under the window and the tap's number, then `end` the flat index of the result's first channel. Shapes are NHWC.
 */
export function slideWindow(
  from: readonly number[],
  to: readonly number[],
  { kernel, stride, dilation, padding }: Window,
  tap: (first: number, number: number) => void,
  end: (at: number) => void,
): void {
  const [, height, width, depth] = from;
  const [batches, outHeight, outWidth, channels] = to;
  let at = 0;
  for (let batch = 0; batch < batches; batch++) {
    for (let y = 0; y < outHeight; y++) {
      for (let x = 0; x < outWidth; x++, at += channels) {
        for (let ky = 0; ky < kernel[0]; ky++) {
          const row = y * stride[0] + ky * dilation[0] - padding[0];
          if (row < 0 || row >= height) continue;
          for (let kx = 0; kx < kernel[1]; kx++) {
            const column = x * stride[1] + kx * dilation[1] - padding[1];
            if (column < 0 || column >= width) continue;
            tap(((batch * height + row) * width + column) * depth, ky * kernel[1] + kx);
          }
        }
        end(at);
      }
    }
  }
}
