/** Factors of output channels, in five arrays of `stride` elements each: low and high i32, then scale, offset and below f64. */
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

// @ts-ignore: decorator
@inline
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

/** Turns rows of sums for eight channels from `channel` on into stored results of 8 bits at `target`, a row of all channels apart. */
export function finish(sums: usize, target: usize, rows: i32, scaling: Scaling, channel: i32): void {
  const end = min(channel + 8, scaling.channels);
  for (; channel < end; channel += 4) {
    if (scaling.signed) finishFour(sums, target + channel, rows, scaling, channel, true);
    else finishFour(sums, target + channel, rows, scaling, channel, false);
    sums += 16;
  }
}
