/**
 * Weights in 16 bits, [channel, run, element], as the module multiplies them: [channel / 8, run, element / 2, 8, 2]. Channels and
 * runs are filled up with zeros.
 */
export function packPairs(values: Int16Array, channels: number, runLength: number): Int16Array {
  const runs = values.length / (channels * runLength);
  const pairs = Math.ceil(runLength / 2);
  const packed = new Int16Array(Math.ceil(channels / 8) * runs * pairs * 16);
  let from = 0;
  for (let channel = 0; channel < channels; channel++) {
    const lane = 2 * (channel % 8);
    let to = (channel >> 3) * runs * pairs * 16 + lane;
    for (let run = 0; run < runs; run++, to += pairs * 16) {
      for (let at = 0; at < runLength; at++) packed[to + (at >> 1) * 16 + (at & 1)] = values[from++];
    }
  }
  return packed;
}

/**
 * The taps of 3 by 3 filters, [channel, tap], in the pairs that the module multiplies: one above the other in the first two rows,
 * then none and the first of the third row, then its others.
 */
export function pairTaps(values: Int16Array): Int16Array {
  const order = [0, 3, 1, 4, 2, 5, undefined, 6, 7, 8];
  const channels = values.length / 9;
  const paired = new Int16Array(channels * order.length);
  for (let channel = 0; channel < channels; channel++) {
    for (const [at, tap] of order.entries())
      if (tap !== undefined) paired[channel * order.length + at] = values[channel * 9 + tap];
  }
  return paired;
}
