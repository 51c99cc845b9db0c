import type { Machine } from "../machine.ts";
import { defineCommand, elementsPart, streaming } from "./command.ts";
import { elementProblems } from "./elements.ts";

/** The table comes in by the port of weights; results of all pipelines are replaced in a cycle, data as fast as they come. */
const unit = {
  cycles: (
    { length, resultBytes }: { readonly length: number; readonly resultBytes: number },
    { array, ports }: Machine,
  ) => ({
    ready: (256 * resultBytes) / ports.weights,
    busy: length / (array.cores * array.pipelines),
  }),
};

/** Replaces every stored integer of 8 bits by what a table has for it, least first, of 1 or 2 bytes. Cycles: the value and the result through the data port. */
export const lookUp = defineCommand({
  name: "look-up",
  code: 5,
  fields: ["input", "output", "length", "resultBytes", "table"],
  addresses: ["input", "output", "table"],
  problems: ({ output, length, resultBytes, table }) => [
    ...(length >= 1 ? [] : ["length is less than 1"]),
    ...elementProblems({ elementBytes: 1, resultBytes }, [], [output, table]),
  ],
  reads: ({ input, length, resultBytes, table }) => [
    { address: input, bytes: length },
    { address: table, bytes: 256 * resultBytes },
  ],
  writes: ({ output, length, resultBytes }) => [{ address: output, bytes: length * resultBytes }],
  work: ({ length, resultBytes }, machine, overheads) => streaming((1 + resultBytes) * length, machine, overheads),
  inLine: { before: { feature: "conversion", ...unit }, behind: { feature: "tables", ...unit } },
  tiling: ({ length, resultBytes }) => ({
    grain: resultBytes,
    part: (from, to) => elementsPart(from, to, length, { input: 1, output: resultBytes }),
  }),
  execute({ input, output, length, resultBytes, table }, memory) {
    const [source, target] = [memory.integersOf(input, length), memory.elementsOf(output, length, resultBytes)];
    const results = memory.elementsOf(table, 256, resultBytes);
    for (let at = 0; at < length; at++) target[at] = results[source[at] + 128];
  },
});
