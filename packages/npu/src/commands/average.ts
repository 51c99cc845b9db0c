import { asTheyAre, defineCommand, streaming } from "./command.ts";
import { multiplyOf } from "./scaling.ts";

/**
 * The sums of `taps` rows of as many channels, less their zero point, times one multiplier, for each of as many blocks of such rows: means on
 * other parameters than the data's. Cycles: the data through the port once.
 */
export const average = defineCommand({
  name: "average",
  code: 10,
  fields: [
    "input",
    "blocks",
    "taps",
    "channels",
    "output",
    "inputZero",
    "rounding",
    "multiplier",
    "shift",
    "outputZero",
    "low",
    "high",
  ],
  addresses: ["input", "output"],
  problems: ({ blocks, taps, channels, low, high }) => [
    ...(blocks >= 1 && taps >= 1 && channels >= 1 ? [] : ["a size is less than 1"]),
    ...(low <= high ? [] : ["low is above high"]),
  ],
  reads: ({ input, blocks, taps, channels }) => [{ address: input, bytes: blocks * taps * channels }],
  writes: ({ output, blocks, channels }) => [{ address: output, bytes: blocks * channels }],
  work: ({ blocks, taps, channels }, machine, overheads, { read, written } = asTheyAre) =>
    streaming(blocks * (read * taps + written) * channels, machine, overheads),
  inLine: {
    takes: true,
    gives: true,
    behind: {
      feature: "pooling",
      byChannel: true,
      cycles({ blocks, taps, channels }, { array }) {
        return { ready: 0, busy: (blocks * taps * Math.ceil(channels / array.pipelines)) / array.cores };
      },
    },
  },
  tiling: ({ blocks, taps, channels }) => ({
    grain: channels,
    part(from, to) {
      const first = Math.ceil(Math.max(0, from) / channels);
      const count = Math.min(blocks, Math.ceil(to / channels)) - first;
      if (count <= 0) return undefined;
      return { fields: { blocks: count }, moved: { input: first * taps * channels, output: first * channels } };
    },
  }),
  execute(fields, memory) {
    const { blocks, taps, channels, inputZero, rounding, multiplier, shift, outputZero, low, high } = fields;
    const length = taps * channels;
    const source = memory.integersOf(fields.input, blocks * length);
    const target = memory.integersOf(fields.output, blocks * channels);
    const multiply = multiplyOf(rounding);
    const sums = new Int32Array(target.length);
    for (let at = 0; at < source.length; at++)
      sums[Math.floor(at / length) * channels + (at % channels)] += source[at] - inputZero;
    for (let at = 0; at < sums.length; at++) {
      const scaled = multiply(sums[at], multiplier, shift) + outputZero;
      target[at] = Math.max(low, Math.min(high, scaled));
    }
  },
});
