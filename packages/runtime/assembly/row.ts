import { Convolution } from "./convolution";
import { fillBand } from "./images";
import { finish } from "./scaling";

// @ts-ignore: decorator
@inline
function add(sum: v128, data: v128, weights: usize): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(data, v128.load_ext<i8>(weights)));
}

/** Sums of one pixel for sixteen channels, whose weights are 8 bits wide. */
// @ts-ignore: decorator
@inline
function multiplySixteen(at: usize, end: usize, weights: usize, bias: usize, sums: usize): void {
  let a = v128.load(bias), b = v128.load(bias, 16), c = v128.load(bias, 32), d = v128.load(bias, 48);
  for (; at < end; at += 4) {
    const data = v128.load_splat<u32>(at);
    a = add(a, data, weights);
    b = add(b, data, weights + 8);
    c = add(c, data, weights + 16);
    d = add(d, data, weights + 24);
    weights += 32;
  }
  v128.store(sums, a);
  v128.store(sums, b, 16);
  v128.store(sums, c, 32);
  v128.store(sums, d, 48);
}

/** Runs a convolution of a single pixel; `weights` are 8 bits wide, in pairs of elements for sixteen channels. */
export function multiplyRow(call: Convolution): void {
  const band = call.images.band;
  const length = 4 * call.pairs;
  const channels = call.scaling.channels;
  const sums = call.sums;
  fillBand(call.images, 0, 0, 1);
  for (let channel = 0; channel < channels; channel += 16) {
    multiplySixteen(band, band + length, call.weights + (channel * length) / 2, call.bias + 4 * channel, sums);
    finish(sums, call.target, 1, call.scaling, channel);
    if (channel + 8 < channels) finish(sums + 32, call.target, 1, call.scaling, channel + 8);
  }
}
