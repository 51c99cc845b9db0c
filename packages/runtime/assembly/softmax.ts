import { divideByPowerOfTwo, doublingHighMultiply, reciprocalOfOnePlus } from "./fixed-point";

/** Softmax of lines of 8-bit elements: `outer` times `inner` lines of `count` elements that are `inner` apart. */
@unmanaged
export class Softmax {
  source: usize;
  target: usize;
  outer: i32;
  count: i32;
  inner: i32;
  unsigned: i32;
  /** The least and the greatest result. */
  low: i32;
  high: i32;
  /** Exponentials of the differences 0, -1, … -255 in Q0.31, i32; zero where they don't count. */
  powers: usize;
}

const sumBits: i32 = 12;

// @ts-ignore: decorator
@inline
function greatestOf(at: usize, end: usize, step: i32, sign: i32): i32 {
  let greatest = 0;
  for (; at < end; at += step) greatest = max(greatest, <i32>load<u8>(at) ^ sign);
  return greatest;
}

/** One line; bytes become unsigned where `sign` is 0x80. */
function shareLine(call: Softmax, source: usize, target: usize, sign: i32): void {
  const step = call.inner;
  const end = source + call.count * step;
  const powers = call.powers;
  const greatest = greatestOf(source, end, step, sign);
  let sum = 0;
  for (let at = source; at < end; at += step) {
    const difference = greatest - (<i32>load<u8>(at) ^ sign);
    sum += divideByPowerOfTwo(load<i32>(powers + 4 * difference), sumBits);
  }
  const headroom = <i32>clz(sum);
  const inverse = reciprocalOfOnePlus((sum << headroom) - i32.MIN_VALUE);
  const exponent = sumBits - headroom + 31 - 8;
  for (let at = source; at < end; at += step) {
    const power = load<i32>(powers + 4 * (greatest - (<i32>load<u8>(at) ^ sign)));
    const share = divideByPowerOfTwo(doublingHighMultiply(inverse, power), exponent);
    store<u8>(target + (at - source), power == 0 ? <u8>call.low : <u8>max(call.low, min(call.high, share + call.low)));
  }
}

/** Every line's elements by their shares in the sum of exponentials. */
export function softmax(call: Softmax): void {
  const sign = call.unsigned ? 0 : 0x80;
  for (let outer = 0; outer < call.outer; outer++) {
    const first = outer * call.count * call.inner;
    for (let inner = 0; inner < call.inner; inner++)
      shareLine(call, call.source + first + inner, call.target + first + inner, sign);
  }
}
