/** How weights are packed: channels that are multiplied together, and elements of a run. */
interface Packing {
  readonly channels: number;
  readonly together: 8 | 16;
  readonly runLength: number;
}

/**
 * Weights, [channel, run, element], as the module multiplies them: [channel / together, run, element / 2, together, 2]. Channels and
 * runs are filled up with zeros. `create` makes storage for so many.
 */
export function packPairs<Data extends Int8Array | Int16Array>(
  values: Int16Array,
  { channels, together, runLength }: Packing,
  create: (count: number) => Data,
): Data {
  const runs = values.length / (channels * runLength);
  const pairs = Math.ceil(runLength / 2);
  const width = 2 * together;
  const packed = create(Math.ceil(channels / together) * runs * pairs * width);
  let from = 0;
  for (let channel = 0; channel < channels; channel++) {
    const block = Math.floor(channel / together);
    let to = block * runs * pairs * width + 2 * (channel - block * together);
    for (let run = 0; run < runs; run++, to += pairs * width) {
      for (let at = 0; at < runLength; at++) packed[to + (at >> 1) * width + (at & 1)] = values[from++];
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
