import { fillBand, Images } from "./images";
import { finish, Scaling } from "./scaling";

/** A convolution over bands of rows; addresses are bytes of memory. */
@unmanaged
export class Convolution {
  images: Images;
  scaling: Scaling;
  target: usize;
  batches: i32;
  /** Size of the result, rows of it computed at a time, and input rows between two of them. */
  height: i32;
  width: i32;
  rows: i32;
  stride: i32;
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
  /** Whether the window is one of 3 by 3. */
  window3: i32;
  /** Sums of the pixels of a band for eight channels. */
  sums: usize;
}

// @ts-ignore: decorator
@inline
function add(sum: v128, data: v128, weights: v128): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(data, weights));
}

/** Sums of four pixels for eight channels, over runs of `length` bytes. */
// @ts-ignore: decorator
@inline
function multiplyFour(
  band: usize,
  pixels: usize,
  runs: usize,
  lastRun: usize,
  length: usize,
  weights: usize,
  low: v128,
  high: v128,
  sums: usize,
): void {
  let a0 = low, b0 = low, c0 = low, d0 = low;
  let a1 = high, b1 = high, c1 = high, d1 = high;
  const a = band + load<u32>(pixels), b = band + load<u32>(pixels, 4);
  const c = band + load<u32>(pixels, 8), d = band + load<u32>(pixels, 12);
  for (let run = runs; run < lastRun; run += 4) {
    const offset = <usize>load<u32>(run);
    const end = offset + length;
    for (let at = offset; at < end; at += 4) {
      const left = v128.load(weights), right = v128.load(weights, 16);
      weights += 32;
      let data = v128.load_splat<u32>(a + at);
      a0 = add(a0, data, left);
      a1 = add(a1, data, right);
      data = v128.load_splat<u32>(b + at);
      b0 = add(b0, data, left);
      b1 = add(b1, data, right);
      data = v128.load_splat<u32>(c + at);
      c0 = add(c0, data, left);
      c1 = add(c1, data, right);
      data = v128.load_splat<u32>(d + at);
      d0 = add(d0, data, left);
      d1 = add(d1, data, right);
    }
  }
  v128.store(sums, a0);
  v128.store(sums, a1, 16);
  v128.store(sums, b0, 32);
  v128.store(sums, b1, 48);
  v128.store(sums, c0, 64);
  v128.store(sums, c1, 80);
  v128.store(sums, d0, 96);
  v128.store(sums, d1, 112);
}

/** Sums of one pixel for eight channels. */
function multiplyOne(call: Convolution, pixels: usize, weights: usize, bias: usize, sums: usize): void {
  let a0 = v128.load(bias), a1 = v128.load(bias, 16);
  let b0 = i32x4.splat(0), b1 = b0;
  const a = call.images.band + load<u32>(pixels);
  const lastRun = call.runs + 4 * call.runCount;
  const length = 4 * call.pairs;
  for (let run = call.runs; run < lastRun; run += 4) {
    let at = a + load<u32>(run);
    const end = at + length;
    for (; at + 4 < end; at += 8) {
      const first = v128.load_splat<u32>(at), second = v128.load_splat<u32>(at, 4);
      a0 = add(a0, first, v128.load(weights));
      a1 = add(a1, first, v128.load(weights, 16));
      b0 = add(b0, second, v128.load(weights, 32));
      b1 = add(b1, second, v128.load(weights, 48));
      weights += 64;
    }
    if (at < end) {
      const last = v128.load_splat<u32>(at);
      a0 = add(a0, last, v128.load(weights));
      a1 = add(a1, last, v128.load(weights, 16));
      weights += 32;
    }
  }
  v128.store(sums, i32x4.add(a0, b0));
  v128.store(sums, i32x4.add(a1, b1), 16);
}

/** Sums of `count` pixels for the eight channels of a block of weights. */
function multiplyBlock(call: Convolution, count: i32, channel: i32): void {
  const weights = call.weights + 4 * channel * call.runCount * call.pairs;
  const bias = call.bias + 4 * channel;
  const low = v128.load(bias), high = v128.load(bias, 16);
  const band = call.images.band;
  const runs = call.runs, lastRun = runs + 4 * call.runCount;
  const length = 4 * call.pairs;
  let pixels = call.pixels, sums = call.sums;
  let pixel = 0;
  for (; pixel <= count - 4; pixel += 4) {
    multiplyFour(band, pixels, runs, lastRun, length, weights, low, high, sums);
    pixels += 16;
    sums += 128;
  }
  for (; pixel < count; pixel++) multiplyOne(call, call.pixels + 4 * pixel, weights, bias, call.sums + 32 * pixel);
}

// @ts-ignore: decorator
@inline
function addTaps(left: v128, right: v128, weights: usize, low: bool): v128 {
  return low
    ? i32x4.dot_i16x8_s(v128.shuffle<i16>(left, right, 0, 8, 1, 9, 2, 10, 3, 11), v128.load(weights))
    : i32x4.dot_i16x8_s(v128.shuffle<i16>(left, right, 4, 12, 5, 13, 6, 14, 7, 15), v128.load(weights, 16));
}

/** Sums of `count` pixels for eight channels that have filters of their own; `runs` holds the offset of each tap. */
function filterBlock(call: Convolution, count: i32, channel: i32): void {
  const pairs = call.pairs;
  const first = call.weights + 32 * (channel >> 3) * pairs;
  const band = call.images.band + 2 * channel;
  const bias = call.bias + 4 * channel;
  let sums = call.sums;
  for (let pixel = 0; pixel < count; pixel++) {
    const at = band + load<u32>(call.pixels + 4 * pixel);
    let low = v128.load(bias), high = v128.load(bias, 16);
    let weights = first;
    for (let pair = 0; pair < pairs; pair++) {
      const left = v128.load(at + load<u32>(call.runs + 8 * pair));
      const right = v128.load(at + load<u32>(call.runs + 8 * pair, 4));
      low = i32x4.add(low, addTaps(left, right, weights, true));
      high = i32x4.add(high, addTaps(left, right, weights, false));
      weights += 32;
    }
    v128.store(sums, low);
    v128.store(sums, high, 16);
    sums += 32;
  }
}

/** The same as `filterBlock` for windows of 3 by 3. */
function filterNine(call: Convolution, count: i32, channel: i32): void {
  const weights = call.weights + 160 * (channel >> 3);
  const band = call.images.band + 2 * channel;
  const bias = call.bias + 4 * channel;
  const runs = call.runs;
  const across = <usize>load<u32>(runs, 4), twice = 2 * across;
  const down = <usize>load<u32>(runs, 12), further = 2 * down;
  const pixels = call.pixels;
  let sums = call.sums;
  for (let pixel = 0; pixel < count; pixel++) {
    const first = band + load<u32>(pixels + 4 * pixel);
    const second = first + down;
    const third = first + further;
    let low = v128.load(bias), high = v128.load(bias, 16);
    let left = v128.load(first), right = v128.load(first + across);
    low = i32x4.add(low, addTaps(left, right, weights, true));
    high = i32x4.add(high, addTaps(left, right, weights, false));
    left = v128.load(first + twice);
    right = v128.load(second);
    low = i32x4.add(low, addTaps(left, right, weights + 32, true));
    high = i32x4.add(high, addTaps(left, right, weights + 32, false));
    left = v128.load(second + across);
    right = v128.load(second + twice);
    low = i32x4.add(low, addTaps(left, right, weights + 64, true));
    high = i32x4.add(high, addTaps(left, right, weights + 64, false));
    left = v128.load(third);
    right = v128.load(third + across);
    low = i32x4.add(low, addTaps(left, right, weights + 96, true));
    high = i32x4.add(high, addTaps(left, right, weights + 96, false));
    left = v128.load(third + twice);
    low = i32x4.add(low, i32x4.dot_i16x8_s(i32x4.extend_low_i16x8_u(left), v128.load(weights + 128)));
    high = i32x4.add(high, i32x4.dot_i16x8_s(i32x4.extend_high_i16x8_u(left), v128.load(weights + 144)));
    v128.store(sums, low);
    v128.store(sums, high, 16);
    sums += 32;
  }
}

/** Runs a convolution; `depthwise` where every channel has filters of its own. */
export function convolve(call: Convolution, depthwise: bool): void {
  let target = call.target;
  for (let image = 0; image < call.batches; image++) {
    for (let row = 0; row < call.height; row += call.rows) {
      const rows = min(call.rows, call.height - row);
      fillBand(call.images, image, row * call.stride - call.top, (rows - 1) * call.stride + call.window);
      const count = rows * call.width;
      for (let channel = 0; channel < call.scaling.channels; channel += 8) {
        if (depthwise && call.window3) filterNine(call, count, channel);
        else if (depthwise) filterBlock(call, count, channel);
        else multiplyBlock(call, count, channel);
        finish(call.sums, target, count, call.scaling, channel);
      }
      target += count * call.scaling.channels;
    }
  }
}
