import { defineCommand, streaming } from "./command.ts";

/** Writes one byte many times. Cycles: the bytes through the data port. */
export const fill = defineCommand({
  name: "fill",
  code: 7,
  fields: ["output", "length", "value"],
  addresses: ["output"],
  problems: ({ length }) => (length >= 1 ? [] : ["length is less than 1"]),
  writes: ({ output, length }) => [{ address: output, bytes: length }],
  work: ({ length }, machine, overheads) => streaming(length, machine, overheads),
  execute: ({ output, length, value }, memory) => void memory.integersOf(output, length).fill(value),
});
