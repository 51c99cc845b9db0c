import { filterBlock, filterNine } from "./depthwise";
import { fillBand, Images } from "./images";
import { multiplyBlock } from "./multiply";
import { finish, Scaling } from "./scaling";

/** A convolution over bands of rows; addresses are bytes of memory. */
@unmanaged
export class Convolution {
  images: Images;
  scaling: Scaling;
  target: usize;
  batches: i32;
  /** Size of the result, rows of it computed at a time, and input rows and columns between two windows. */
  height: i32;
  width: i32;
  rows: i32;
  stride: i32;
  columnStride: i32;
  /** Rows of padding at the top, and input rows under the window. */
  top: i32;
  window: i32;
  /** Depthwise: weights of pairs of taps for eight channels; else of pairs of elements for four and four channels. */
  weights: usize;
  bias: usize;
  /** Byte offset in the band of each pixel of a full band of results. */
  pixels: usize;
  /** Byte offsets of the runs of elements under the window from its pixel, how many, and pairs of elements of each. */
  runs: usize;
  runCount: i32;
  pairs: i32;
  /** Sums of the pixels of a band for eight channels. */
  sums: usize;
}

/** How the products of a convolution are summed. */
export const enum Products {
  /** Every output channel over all input channels. */
  all = 0,
  /** Every channel on its own. */
  depthwise = 1,
  /** Every channel on its own, windows of 3 by 3 whose columns are neighbours, one or two columns apart. */
  nine = 2,
}

/** Runs a convolution. */
export function convolve(call: Convolution, products: Products): void {
  let target = call.target;
  for (let image = 0; image < call.batches; image++) {
    for (let row = 0; row < call.height; row += call.rows) {
      const rows = min(call.rows, call.height - row);
      fillBand(call.images, image, row * call.stride - call.top, (rows - 1) * call.stride + call.window);
      const count = rows * call.width;
      for (let channel = 0; channel < call.scaling.channels; channel += 8) {
        if (products == Products.nine) filterNine(call, rows, channel);
        else if (products == Products.depthwise) filterBlock(call, count, channel);
        else multiplyBlock(call, count, channel);
        finish(call.sums, target, count, call.scaling, channel);
      }
      target += count * call.scaling.channels;
    }
  }
}
