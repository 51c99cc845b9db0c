import type { Machine } from "../machine.ts";
import { defineCommand, streaming } from "./command.ts";

const tableBytes = 256;

/** The table comes in by the port of weights; results of all pipelines are replaced in a cycle, data as fast as they come. */
const unit = {
  cycles: ({ length }: { readonly length: number }, { array, ports }: Machine) => ({
    ready: tableBytes / ports.weights,
    busy: length / (array.cores * array.pipelines),
  }),
};

/** Replaces every stored integer by what a table of 256 bytes has for it, least first. Cycles: the value and the result through the data port. */
export const lookUp = defineCommand({
  name: "look-up",
  code: 5,
  fields: ["input", "output", "length", "table"],
  addresses: ["input", "output", "table"],
  problems: ({ length }) => (length >= 1 ? [] : ["length is less than 1"]),
  reads: ({ input, length, table }) => [
    { address: input, bytes: length },
    { address: table, bytes: tableBytes },
  ],
  writes: ({ output, length }) => [{ address: output, bytes: length }],
  work: ({ length }, machine, overheads) => streaming(2 * length, machine, overheads),
  inLine: { before: { feature: "conversion", ...unit }, behind: { feature: "tables", ...unit } },
  execute({ input, output, length, table }, memory) {
    const [source, target] = [memory.integersOf(input, length), memory.integersOf(output, length)];
    const results = memory.integersOf(table, tableBytes);
    for (let at = 0; at < length; at++) target[at] = results[source[at] + 128];
  },
});
