import { multiplyBy } from "@millrace/runtime";
import { defineCommand, streaming } from "./command.ts";

/**
 * The sums of `taps` rows of as many channels, less their zero point, times one multiplier: means on other parameters than the data's. Cycles:
 * the data through the port once.
 */
export const average = defineCommand({
  name: "average",
  code: 10,
  fields: [
    "input",
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
  problems: ({ taps, channels, low, high }) => [
    ...(taps >= 1 && channels >= 1 ? [] : ["a size is less than 1"]),
    ...(low <= high ? [] : ["low is above high"]),
  ],
  reads: ({ input, taps, channels }) => [{ address: input, bytes: taps * channels }],
  writes: ({ output, channels }) => [{ address: output, bytes: channels }],
  work: ({ taps, channels }, machine, overheads) => streaming((taps + 1) * channels, machine, overheads),
  execute(fields, memory) {
    const { taps, channels, inputZero, rounding, multiplier, shift, outputZero, low, high } = fields;
    const source = memory.integersOf(fields.input, taps * channels);
    const target = memory.integersOf(fields.output, channels);
    const multiply = multiplyBy[rounding === 1 ? "single" : "double"];
    const sums = new Int32Array(channels);
    for (let at = 0; at < source.length; at++) sums[at % channels] += source[at] - inputZero;
    for (let channel = 0; channel < channels; channel++) {
      const scaled = multiply(sums[channel], multiplier, shift) + outputZero;
      target[channel] = Math.max(low, Math.min(high, scaled));
    }
  },
});
