/** Images of 8-bit data, and how bands of their rows are brought to 16 bits less the zero point, padded with zeros. */
@unmanaged
export class Images {
  source: usize;
  height: i32;
  width: i32;
  channels: i32;
  zero: i32;
  unsigned: i32;
  /** Columns of padding at the left, and columns of a padded row. */
  left: i32;
  columns: i32;
  /** Elements of a pixel in the band, at least `channels`. */
  depth: i32;
  band: usize;
}

function widenRun(source: usize, target: usize, count: i32, images: Images): void {
  const zero = i16x8.splat(<i16>images.zero);
  const unsigned = images.unsigned != 0;
  let at = 0;
  for (; at <= count - 8; at += 8) {
    const words = unsigned ? v128.load_ext<u8>(source + at) : v128.load_ext<i8>(source + at);
    v128.store(target + 2 * at, i16x8.sub(words, zero));
  }
  for (; at < count; at++) {
    const value = unsigned ? <i32>load<u8>(source + at) : <i32>load<i8>(source + at);
    store<i16>(target + 2 * at, <i16>(value - images.zero));
  }
}

/** Zeros `bytes`, and up to 15 bytes behind them that are to be written later. */
// @ts-ignore: decorator
@inline
function clear(target: usize, bytes: i32): void {
  for (let at = 0; at < bytes; at += 16) v128.store(target + at, i16x8.splat(0));
}

/** Fills the band with `rows` rows of one image from row `first` on, which may lie outside of it. */
export function fillBand(images: Images, image: i32, first: i32, rows: i32): void {
  const width = images.width;
  const channels = images.channels;
  const depth = images.depth;
  const rowBytes = 2 * images.columns * depth;
  const leftBytes = 2 * images.left * depth;
  const innerBytes = 2 * width * depth;
  const begin = max(first, 0);
  const end = min(first + rows, images.height);
  const source = images.source + image * images.height * width * channels;
  let target = images.band;
  const above = min(begin - first, rows) * rowBytes;
  clear(target, above);
  target += above;
  if (rowBytes == innerBytes && depth == channels && begin < end) {
    widenRun(source + begin * width * channels, target, (end - begin) * width * channels, images);
    target += (end - begin) * rowBytes;
  } else {
    for (let y = begin; y < end; y++) {
      const row = source + y * width * channels;
      clear(target, leftBytes);
      if (depth == channels) widenRun(row, target + leftBytes, width * channels, images);
      else {
        for (let x = 0; x < width; x++)
          widenRun(row + x * channels, target + leftBytes + 2 * x * depth, channels, images);
      }
      clear(target + leftBytes + innerBytes, rowBytes - leftBytes - innerBytes);
      target += rowBytes;
    }
  }
  clear(target, <i32>(images.band + rows * rowBytes - target));
}
