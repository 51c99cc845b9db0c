/** Bilinear resizing of signed bytes, channels last. */
@unmanaged
export class Resize {
  source: usize;
  target: usize;
  batches: i32;
  height: i32;
  width: i32;
  channels: i32;
  outHeight: i32;
  outWidth: i32;
  /** Neighbours of each row and column of the result. */
  rows: usize;
  columns: usize;
}

/** The two positions that one lies between, and the share of the second in 1024ths. */
@unmanaged
class Neighbours {
  lower: i32;
  upper: i32;
  share: i32;
}

// @ts-ignore: decorator
@inline
function four(source: usize): v128 {
  return i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(source)));
}

// @ts-ignore: decorator
@inline
function mix(first: v128, second: v128, share: i32): v128 {
  return i32x4.add(i32x4.mul(first, i32x4.splat(1024 - share)), i32x4.mul(second, i32x4.splat(share)));
}

/** Divided by 2^20, halves rounded away from zero. */
// @ts-ignore: decorator
@inline
function rounded(sum: v128): v128 {
  const sign = i32x4.shr_s(sum, 31);
  const size = i32x4.shr_s(i32x4.add(i32x4.abs(sum), i32x4.splat(1 << 19)), 20);
  return i32x4.sub(v128.xor(size, sign), sign);
}

/** Four channels of a pixel between four; what is stored too much is overwritten by the next, or lies behind the result. */
function mixPixel(call: Resize, above: usize, below: usize, row: i32, column: Neighbours, target: usize): void {
  const left = column.lower * call.channels, right = column.upper * call.channels;
  for (let channel = 0; channel < call.channels; channel += 4) {
    const top = mix(four(above + left + channel), four(above + right + channel), column.share);
    const bottom = mix(four(below + left + channel), four(below + right + channel), column.share);
    const result = rounded(mix(top, bottom, row));
    const words = i16x8.narrow_i32x4_s(result, result);
    v128.store_lane<u32>(target + channel, v128.shuffle<u8>(words, words, 0, 2, 4, 6, 0, 2, 4, 6, 0, 2, 4, 6, 0, 2, 4, 6), 0);
  }
}

/** Every pixel of the result as a mixture of four. */
export function resizeBilinear(call: Resize): void {
  const line = call.width * call.channels;
  let target = call.target;
  for (let batch = 0; batch < call.batches; batch++) {
    const image = call.source + batch * call.height * line;
    for (let y = 0; y < call.outHeight; y++) {
      const row = changetype<Neighbours>(call.rows + 12 * y);
      const above = image + row.lower * line, below = image + row.upper * line;
      for (let x = 0; x < call.outWidth; x++) {
        mixPixel(call, above, below, row.share, changetype<Neighbours>(call.columns + 12 * x), target);
        target += call.channels;
      }
    }
  }
}
