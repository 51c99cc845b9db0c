import { Convolution } from "./convolution";

// @ts-ignore: decorator
@inline
function add(sum: v128, data: v128, weights: v128): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(data, weights));
}

/** Sums of four pixels, whose offsets in the data lie at `pixels`, for eight channels, over runs of `length` bytes. */
// @ts-ignore: decorator
@inline
export function multiplyFour(
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
function multiplyOne(call: Convolution, data: usize, weights: usize, bias: usize, sums: usize): void {
  let a0 = v128.load(bias), a1 = v128.load(bias, 16);
  let b0 = i32x4.splat(0), b1 = b0;
  const lastRun = call.runs + 4 * call.runCount;
  const length = 4 * call.pairs;
  for (let run = call.runs; run < lastRun; run += 4) {
    let at = data + load<u32>(run);
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
export function multiplyBlock(call: Convolution, count: i32, channel: i32): void {
  const weights = call.weights + 4 * channel * call.runCount * call.pairs;
  const bias = call.bias + 4 * channel;
  const low = v128.load(bias), high = v128.load(bias, 16);
  const data = call.images.band;
  const runs = call.runs, lastRun = runs + 4 * call.runCount;
  const length = 4 * call.pairs;
  let pixels = call.pixels, sums = call.sums;
  let pixel = 0;
  for (; pixel <= count - 4; pixel += 4) {
    multiplyFour(data, pixels, runs, lastRun, length, weights, low, high, sums);
    pixels += 16;
    sums += 128;
  }
  for (; pixel < count; pixel++) {
    multiplyOne(call, data + load<u32>(pixels), weights, bias, sums);
    pixels += 4;
    sums += 32;
  }
}
