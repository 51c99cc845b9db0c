import { defineCommand, elementsPart, streaming } from "./command.ts";
import { elementProblems } from "./elements.ts";

/** Writes one integer of 1 or 2 bytes many times. Cycles: the bytes through the data port. */
export const fill = defineCommand({
  name: "fill",
  code: 7,
  fields: ["output", "length", "resultBytes", "value"],
  addresses: ["output"],
  problems: ({ output, length, resultBytes }) => [
    ...(length >= 1 ? [] : ["length is less than 1"]),
    ...elementProblems({ elementBytes: 1, resultBytes }, [], [output]),
  ],
  writes: ({ output, length, resultBytes }) => [{ address: output, bytes: length * resultBytes }],
  work: ({ length, resultBytes }, machine, overheads) => streaming(length * resultBytes, machine, overheads),
  tiling: ({ length, resultBytes }) => ({
    grain: resultBytes,
    part: (from, to) => elementsPart(from, to, length, { output: resultBytes }),
  }),
  execute: ({ output, length, resultBytes, value }, memory) =>
    void memory.elementsOf(output, length, resultBytes).fill(value),
});
