import { Convolution } from "./convolution";

// @ts-ignore: decorator
@inline
function interleaveLow(left: v128, right: v128): v128 {
  return v128.shuffle<i16>(left, right, 0, 8, 1, 9, 2, 10, 3, 11);
}

// @ts-ignore: decorator
@inline
function interleaveHigh(left: v128, right: v128): v128 {
  return v128.shuffle<i16>(left, right, 4, 12, 5, 13, 6, 14, 7, 15);
}

// @ts-ignore: decorator
@inline
function add(sum: v128, data: v128, weights: v128): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(data, weights));
}

/** Sums of `count` pixels for eight channels that have filters of their own; `runs` holds the offset of each tap. */
export function filterBlock(call: Convolution, count: i32, channel: i32): void {
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
      low = add(low, interleaveLow(left, right), v128.load(weights));
      high = add(high, interleaveHigh(left, right), v128.load(weights, 16));
      weights += 32;
    }
    v128.store(sums, low);
    v128.store(sums, high, 16);
    sums += 32;
  }
}

// @ts-ignore: decorator
@inline
function columnPair(first: usize, second: usize): v128 {
  return interleaveLow(v128.load64_zero(first), v128.load64_zero(second));
}

/**
 * Sums of a row of pixels for four channels under windows of 3 by 3. Weights come in pairs of taps: one above the other in the
 * first two rows, then none and the first of the third row, then its others. Each column is read once.
 */
// @ts-ignore: decorator
@inline
function filterRow(
  first: usize,
  down: usize,
  across: usize,
  twoAcross: bool,
  weights: usize,
  bias: v128,
  sums: usize,
  last: usize,
): void {
  const left = v128.load(weights), middle = v128.load(weights, 32), right = v128.load(weights, 64);
  const lower = v128.load(weights, 96), lowest = v128.load(weights, 128);
  let second = first + down;
  let third = second + down;
  let column = columnPair(first, second);
  let edge = v128.load64_zero(third);
  let under = interleaveLow(edge, edge);
  let next = under, nextUnder = under;
  if (!twoAcross) {
    next = columnPair(first + across, second + across);
    const following = v128.load64_zero(third + across);
    nextUnder = interleaveLow(edge, following);
    edge = following;
    first += across;
    second += across;
    third += across;
  }
  for (; sums < last; sums += 32) {
    first += across;
    second += across;
    third += across;
    if (twoAcross) {
      next = columnPair(first, second);
      edge = v128.load64_zero(third);
      first += across;
      second += across;
      third += across;
    }
    const after = columnPair(first, second);
    const following = v128.load64_zero(third);
    const afterUnder = interleaveLow(edge, following);
    let sum = add(bias, column, left);
    sum = add(sum, next, middle);
    sum = add(sum, under, lower);
    sum = add(sum, after, right);
    v128.store(sums, add(sum, afterUnder, lowest));
    if (twoAcross) {
      column = after;
      under = afterUnder;
    } else {
      column = next;
      next = after;
      under = nextUnder;
      nextUnder = afterUnder;
      edge = following;
    }
  }
}

// @ts-ignore: decorator
@inline
function filterRows(call: Convolution, rows: i32, channel: i32, twoAcross: bool): void {
  const across = <usize>load<u32>(call.runs, 4);
  const down = <usize>load<u32>(call.runs, 12);
  const step = down * call.stride;
  for (let half = 0; half < 2; half++) {
    const weights = call.weights + 160 * (channel >> 3) + 16 * half;
    const bias = v128.load(call.bias + 4 * channel + 16 * half);
    let first = call.images.band + 2 * channel + 8 * half;
    let sums = call.sums + 16 * half;
    for (let row = 0; row < rows; row++) {
      const last = sums + 32 * call.width;
      filterRow(first, down, across, twoAcross, weights, bias, sums, last);
      first += step;
      sums = last;
    }
  }
}

/** The same as `filterBlock` for all pixels of some rows, windows of 3 by 3 and steps of one or two columns. */
export function filterNine(call: Convolution, rows: i32, channel: i32): void {
  if (call.columnStride == 2) filterRows(call, rows, channel, true);
  else filterRows(call, rows, channel, false);
}
