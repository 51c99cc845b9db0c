import { Pool } from "./pooling";

// @ts-ignore: decorator
@inline
function choose(a: v128, b: v128, greatest: bool, unsigned: bool): v128 {
  if (greatest) return unsigned ? i8x16.max_u(a, b) : i8x16.max_s(a, b);
  return unsigned ? i8x16.min_u(a, b) : i8x16.min_s(a, b);
}

/** The extreme of sixteen channels under the window whose first pixel is at row `y` and column `x`. */
// @ts-ignore: decorator
@inline
function extremeUnder(call: Pool, channels: usize, y: i32, x: i32, greatest: bool, unsigned: bool): v128 {
  let result = i8x16.splat(<i8>(greatest ? (unsigned ? 0 : -128) : unsigned ? 255 : 127));
  for (let i = 0; i < call.rows; i++) {
    const row = y + i * call.dilationDown;
    if (<u32>row >= <u32>call.height) continue;
    for (let j = 0; j < call.columns; j++) {
      const column = x + j * call.dilationAcross;
      if (<u32>column >= <u32>call.width) continue;
      result = choose(result, v128.load(channels + (row * call.width + column) * call.channels), greatest, unsigned);
    }
  }
  return result;
}

/** Results are stored by sixteen: what is too much is overwritten by the next, or lies behind the result. */
// @ts-ignore: decorator
@inline
function poolExtremes(call: Pool, greatest: bool, unsigned: bool): void {
  const low = i8x16.splat(<i8>call.low), high = i8x16.splat(<i8>call.high);
  let target = call.target;
  for (let pixel = 0; pixel < call.batches * call.outHeight * call.outWidth; pixel++) {
    const row = pixel / call.outWidth;
    const x = (pixel % call.outWidth) * call.strideAcross - call.left;
    const y = (row % call.outHeight) * call.strideDown - call.top;
    const image = call.source + (row / call.outHeight) * call.height * call.width * call.channels;
    for (let channel = 0; channel < call.channels; channel += 16) {
      const extreme = extremeUnder(call, image + channel, y, x, greatest, unsigned);
      const raised = choose(extreme, low, true, unsigned);
      v128.store(target + channel, choose(raised, high, false, unsigned));
    }
    target += call.channels;
  }
}

/** The greatest element under every window, or the least. */
export function extremePool(call: Pool, greatest: bool): void {
  if (greatest) {
    if (call.unsigned) poolExtremes(call, true, true);
    else poolExtremes(call, true, false);
  } else if (call.unsigned) poolExtremes(call, false, true);
  else poolExtremes(call, false, false);
}
