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
  zero: i32;
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

/** Results that are closer than this to the middle between two integers are computed again in doubles. */
const certain: f32 = 0.5 - 1.0 / 4096;
/** A float of this size has its whole part in the lower bits of the word. */
const anchor: f32 = 12582912;
const anchorWord: i32 = 0x4b400000;

// @ts-ignore: decorator
@inline
function approximate(sums: v128, scale: v128, offset: v128, signed: bool): v128 {
  const values = f32x4.mul(f32x4.convert_i32x4_s(sums), scale);
  if (!signed) return f32x4.add(values, offset);
  return f32x4.add(values, v128.or(offset, v128.and(values, i32x4.splat(0x80000000))));
}

// @ts-ignore: decorator
@inline
function finishEight(sums: usize, target: usize, rows: i32, scaling: Scaling, channel: i32, signed: bool): void {
  const stride = <usize>(4 * scaling.stride);
  const own = scaling.arrays + 4 * channel;
  const singles = own + 8 * stride;
  const low0 = v128.load(own), low1 = v128.load(own, 16);
  const high0 = v128.load(own + stride), high1 = v128.load(own + stride, 16);
  const scale0 = v128.load(singles), scale1 = v128.load(singles, 16);
  const offset0 = v128.load(singles + stride), offset1 = v128.load(singles + stride, 16);
  const base = i16x8.splat(<i16>scaling.zero);
  const unsigned = scaling.unsigned != 0;
  const round = f32x4.splat(anchor);
  const limit = f32x4.splat(certain);
  const word = i32x4.splat(anchorWord);
  for (let row = 0; row < rows; row++) {
    const clamped0 = i32x4.min_s(i32x4.max_s(v128.load(sums), low0), high0);
    const clamped1 = i32x4.min_s(i32x4.max_s(v128.load(sums, 16), low1), high1);
    const values0 = approximate(clamped0, scale0, offset0, signed);
    const values1 = approximate(clamped1, scale1, offset1, signed);
    const rounded0 = f32x4.add(values0, round);
    const rounded1 = f32x4.add(values1, round);
    const rest0 = f32x4.abs(f32x4.sub(values0, f32x4.sub(rounded0, round)));
    const rest1 = f32x4.abs(f32x4.sub(values1, f32x4.sub(rounded1, round)));
    const words = i16x8.narrow_i32x4_s(i32x4.sub(rounded0, word), i32x4.sub(rounded1, word));
    const stored = i16x8.add_sat_s(words, base);
    const bytes = unsigned ? i8x16.narrow_i16x8_u(stored, stored) : i8x16.narrow_i16x8_s(stored, stored);
    v128.store_lane<u64>(target, bytes, 0);
    if (v128.any_true(f32x4.gt(f32x4.pmax(rest0, rest1), limit))) {
      finishFour(sums, target, 1, scaling, channel, signed);
      finishFour(sums + 16, target + 4, 1, scaling, channel + 4, signed);
    }
    sums += 32;
    target += scaling.channels;
  }
}

/** Turns rows of sums for eight channels from `channel` on into stored results of 8 bits at `target`, a row of all channels apart. */
export function finish(sums: usize, target: usize, rows: i32, scaling: Scaling, channel: i32): void {
  target += channel;
  if (channel + 8 <= scaling.channels) {
    if (scaling.signed) finishEight(sums, target, rows, scaling, channel, true);
    else finishEight(sums, target, rows, scaling, channel, false);
    return;
  }
  for (; channel < scaling.channels; channel += 4) {
    finishFour(sums, target, rows, scaling, channel, true);
    sums += 16;
    target += 4;
  }
}
