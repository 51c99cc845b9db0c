/** Pooling of 8-bit data, channels last. */
@unmanaged
export class Pool {
  source: usize;
  target: usize;
  batches: i32;
  height: i32;
  width: i32;
  channels: i32;
  outHeight: i32;
  outWidth: i32;
  rows: i32;
  columns: i32;
  strideDown: i32;
  strideAcross: i32;
  dilationDown: i32;
  dilationAcross: i32;
  top: i32;
  left: i32;
  unsigned: i32;
  low: i32;
  high: i32;
  /** Of averages: whether padding counts, and what it is. */
  countPadding: i32;
  zero: i32;
  /** Of averages: room for a 32-bit sum for each channel, channels rounded up to four. */
  sums: usize;
}

/** Adds `count` elements to 32-bit sums. */
export function addElements(source: usize, sums: usize, count: i32, unsigned: bool): void {
  let at = 0;
  for (; at <= count - 8; at += 8) {
    const words = unsigned ? v128.load_ext<u8>(source + at) : v128.load_ext<i8>(source + at);
    const to = sums + 4 * at;
    v128.store(to, i32x4.add(v128.load(to), i32x4.extend_low_i16x8_s(words)));
    v128.store(to, i32x4.add(v128.load(to, 16), i32x4.extend_high_i16x8_s(words)), 16);
  }
  for (; at < count; at++) {
    const value = unsigned ? <i32>load<u8>(source + at) : <i32>load<i8>(source + at);
    store<i32>(sums + 4 * at, load<i32>(sums + 4 * at) + value);
  }
}

function storeMeans(call: Pool, target: usize, count: i32): void {
  const divisor = call.countPadding ? call.rows * call.columns : count;
  const padded = call.zero * (divisor - count);
  const half = divisor >> 1;
  for (let channel = 0; channel < call.channels; channel++) {
    const sum = load<i32>(call.sums + 4 * channel) + padded;
    const mean = (sum > 0 ? sum + half : sum - half) / divisor;
    store<u8>(target + channel, <u8>max(call.low, min(call.high, mean)));
  }
}

/** The mean under every window, halves rounded away from zero; every window covers a pixel at least. */
export function averagePool(call: Pool): void {
  let target = call.target;
  for (let pixel = 0; pixel < call.batches * call.outHeight * call.outWidth; pixel++) {
    const row = pixel / call.outWidth;
    const x = (pixel % call.outWidth) * call.strideAcross - call.left;
    const y = (row % call.outHeight) * call.strideDown - call.top;
    const image = call.source + (row / call.outHeight) * call.height * call.width * call.channels;
    const firstRow = max(y, 0), lastRow = min(y + call.rows, call.height);
    const firstColumn = max(x, 0), lastColumn = min(x + call.columns, call.width);
    memory.fill(call.sums, 0, 4 * call.channels);
    for (let i = firstRow; i < lastRow; i++) {
      for (let j = firstColumn; j < lastColumn; j++)
        addElements(image + (i * call.width + j) * call.channels, call.sums, call.channels, call.unsigned != 0);
    }
    storeMeans(call, target, (lastRow - firstRow) * (lastColumn - firstColumn));
    target += call.channels;
  }
}
