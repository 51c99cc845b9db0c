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

/** Fills the band with `rows` rows of one image from row `first` on, which may lie outside of it. */
export function fillBand(images: Images, image: i32, first: i32, rows: i32): void {
  const width = images.width;
  const channels = images.channels;
  const depth = images.depth;
  const rowBytes = 2 * images.columns * depth;
  const leftBytes = 2 * images.left * depth;
  const innerBytes = 2 * width * depth;
  for (let row = 0; row < rows; row++) {
    const target = images.band + row * rowBytes;
    const y = first + row;
    if (y < 0 || y >= images.height) {
      memory.fill(target, 0, rowBytes);
      continue;
    }
    const source = images.source + (image * images.height + y) * width * channels;
    memory.fill(target, 0, leftBytes);
    if (depth == channels) widenRun(source, target + leftBytes, width * channels, images);
    else {
      for (let x = 0; x < width; x++)
        widenRun(source + x * channels, target + leftBytes + 2 * x * depth, channels, images);
    }
    memory.fill(target + leftBytes + innerBytes, 0, rowBytes - leftBytes - innerBytes);
  }
}
