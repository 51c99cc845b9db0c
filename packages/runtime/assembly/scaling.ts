import { Exact, finishExactly } from "./exact";

/**
 * Factors of output channels, in arrays of `stride` elements each: low and high i32; scale, offset and below f64; then
 * scale and offset f32, which give the same but for sums whose results lie close to the middle between integers.
 */
@unmanaged
export class Scaling {
  arrays: usize;
  /** Channels, and channels rounded up to the length of the arrays. */
  channels: i32;
  stride: i32;
  /** What turns the upper word of a double into a stored integer. */
  base: i32;
  /** Whether stored results are unsigned, and whether sums below zero have offsets of their own. */
  unsigned: i32;
  signed: i32;
  /** Products are clamped to these where single precision does. */
  least: f32;
  greatest: f32;
  /** The reference's own arithmetic if nothing else will do, else zero. */
  exact: usize;
}

// @ts-ignore: decorator
@inline
function scaled(sums: v128, scale: usize, at: usize, stride: usize, signed: bool): v128 {
  let offset = v128.load(scale + 8 * stride + at);
  const values = f64x2.convert_low_i32x4_s(sums);
  if (signed) {
    const below = v128.and(f64x2.lt(values, f64x2.splat(0)), v128.load(scale + 16 * stride + at));
    offset = f64x2.add(offset, below);
  }
  return f64x2.add(f64x2.mul(values, v128.load(scale + at)), offset);
}

// @ts-ignore: decorator
@inline
function store(target: usize, bytes: v128, count: i32): void {
  if (count >= 4) {
    v128.store_lane<u32>(target, bytes, 0);
    return;
  }
  v128.store_lane<u8>(target, bytes, 0);
  if (count > 1) v128.store_lane<u8>(target + 1, bytes, 1);
  if (count > 2) v128.store_lane<u8>(target + 2, bytes, 2);
}

function finishFour(sums: usize, target: usize, rows: i32, scaling: Scaling, channel: i32, signed: bool): void {
  const stride = <usize>scaling.stride;
  const low = v128.load(scaling.arrays + 4 * channel);
  const high = v128.load(scaling.arrays + 4 * (stride + channel));
  const scale = scaling.arrays + 8 * stride;
  const at = <usize>(8 * channel);
  const base = i32x4.splat(scaling.base);
  const unsigned = scaling.unsigned != 0;
  const count = scaling.channels - channel;
  for (let row = 0; row < rows; row++) {
    const clamped = i32x4.min_s(i32x4.max_s(v128.load(sums), low), high);
    const left = scaled(clamped, scale, at, stride, signed);
    const right = scaled(v128.shuffle<i32>(clamped, clamped, 2, 3, 2, 3), scale, at + 16, stride, signed);
    const whole = i32x4.add(v128.shuffle<i32>(left, right, 1, 3, 5, 7), base);
    const words = i16x8.narrow_i32x4_s(whole, whole);
    store(target, unsigned ? i8x16.narrow_i16x8_u(words, words) : i8x16.narrow_i16x8_s(words, words), count);
    sums += 32;
    target += scaling.channels;
  }
}

const sign: i32 = 0x80000000;
/** The float that products are added to. Its last place counts 2^-14, so that all results have the same exponent. */
const anchorWord: i32 = 0x44400000;
const fractionBits: i32 = 14;
/** Results less than so many last places above a step, or not more below it, are computed again in doubles. */
const doubt: i32 = 2;
const certainty: i32 = (1 << fractionBits) - 2 * doubt;

/** Results in fixed point, more by the doubt. */
// @ts-ignore: decorator
@inline
function fixed(sums: usize, scale: v128, anchor: v128, tie: v128, least: v128, greatest: v128, signed: bool): v128 {
  const values = f32x4.mul(f32x4.convert_i32x4_s(v128.load(sums)), scale);
  let clamped = f32x4.pmin(f32x4.pmax(values, least), greatest);
  if (signed) clamped = f32x4.add(clamped, v128.or(tie, v128.and(clamped, i32x4.splat(sign))));
  return i32x4.add(f32x4.add(clamped, anchor), i32x4.splat(doubt - anchorWord));
}

/** Zero where results are in doubt. */
// @ts-ignore: decorator
@inline
function certain(left: v128, right: v128): v128 {
  const bits = i32x4.splat(certainty);
  return i32x4.min_u(v128.and(left, bits), v128.and(right, bits));
}

// @ts-ignore: decorator
@inline
function storeEight(target: usize, left: v128, right: v128, unsigned: bool): void {
  const words = i16x8.narrow_i32x4_s(i32x4.shr_s(left, fractionBits), i32x4.shr_s(right, fractionBits));
  v128.store_lane<u64>(target, unsigned ? i8x16.narrow_i16x8_u(words, words) : i8x16.narrow_i16x8_s(words, words), 0);
}

// @ts-ignore: decorator
@inline
function finishEight(
  sums: usize,
  target: usize,
  rows: i32,
  scaling: Scaling,
  channel: i32,
  signed: bool,
  unsigned: bool,
): void {
  const stride = <usize>(4 * scaling.stride);
  const singles = scaling.arrays + 8 * stride + 4 * channel;
  const scale0 = v128.load(singles), scale1 = v128.load(singles, 16);
  const anchor0 = v128.load(singles + stride), anchor1 = v128.load(singles + stride, 16);
  const tie0 = v128.load(singles + 2 * stride), tie1 = v128.load(singles + 2 * stride, 16);
  const least = f32x4.splat(scaling.least), greatest = f32x4.splat(scaling.greatest);
  const step = scaling.channels;
  for (let row = 0; row < rows; row += 2) {
    let left = fixed(sums, scale0, anchor0, tie0, least, greatest, signed);
    let right = fixed(sums + 16, scale1, anchor1, tie1, least, greatest, signed);
    let sure = certain(left, right);
    storeEight(target, left, right, unsigned);
    if (row + 1 < rows) {
      left = fixed(sums + 32, scale0, anchor0, tie0, least, greatest, signed);
      right = fixed(sums + 48, scale1, anchor1, tie1, least, greatest, signed);
      sure = i32x4.min_u(sure, certain(left, right));
      storeEight(target + step, left, right, unsigned);
    }
    if (!i32x4.all_true(sure)) {
      const count = min(2, rows - row);
      finishFour(sums, target, count, scaling, channel, signed);
      finishFour(sums + 16, target + 4, count, scaling, channel + 4, signed);
    }
    sums += 64;
    target += 2 * step;
  }
}

/** Turns rows of sums for eight channels from `channel` on into stored results of 8 bits at `target`, a row of all channels apart. */
export function finish(sums: usize, target: usize, rows: i32, scaling: Scaling, channel: i32): void {
  target += channel;
  if (scaling.exact) {
    const count = min(8, scaling.channels - channel);
    return finishExactly(sums, target, rows, scaling.channels, changetype<Exact>(scaling.exact), channel, count);
  }
  if (channel + 8 <= scaling.channels) {
    if (scaling.unsigned) {
      if (scaling.signed) finishEight(sums, target, rows, scaling, channel, true, true);
      else finishEight(sums, target, rows, scaling, channel, false, true);
    } else if (scaling.signed) finishEight(sums, target, rows, scaling, channel, true, false);
    else finishEight(sums, target, rows, scaling, channel, false, false);
    return;
  }
  for (; channel < scaling.channels; channel += 4) {
    finishFour(sums, target, rows, scaling, channel, true);
    sums += 16;
    target += 4;
  }
}
