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
