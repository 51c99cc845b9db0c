import { fail } from "@millrace/ir";
import type { SimulatedMemory } from "../simulator/memory.ts";
import { hint } from "../simulator/memory.ts";
import { asTheyAre, defineCommand, streaming } from "./command.ts";

/** Words of a block of a `move`. */
export const blockWords = 5;

/**
 * Copies blocks of bytes: for each, five words in a list say where it begins in the output and in the input, how many bytes a run has, how many
 * runs there are, and how far each begins behind the one before in the input; in the output they follow one another. Cycles: the output's bytes
 * through the data port twice.
 */
export const move = defineCommand({
  name: "move",
  code: 6,
  fields: ["input", "inputBytes", "output", "outputBytes", "blocks", "count", "moved"],
  addresses: ["input", "output", "blocks"],
  problems: ({ inputBytes, outputBytes, count, moved }) =>
    [inputBytes, outputBytes, count, moved].every((size) => size >= 1) ? [] : ["a size is less than 1"],
  reads: ({ input, inputBytes, blocks, count }) => [
    { address: input, bytes: inputBytes },
    { address: blocks, bytes: count * blockWords * 4 },
  ],
  writes: ({ output, outputBytes }) => [{ address: output, bytes: outputBytes }],
  inLine: { takes: true },
  work: ({ moved }, machine, overheads, { read, written } = asTheyAre) =>
    streaming((read + written) * moved, machine, overheads),
  execute({ input, inputBytes, output, outputBytes, blocks, count, moved }, memory) {
    const source = memory.bytesOf(input, inputBytes);
    const target = memory.bytesOf(output, outputBytes);
    let left = moved;
    for (const { to, from, length, runs, step } of blocksAt(memory, blocks, count)) {
      const last = from + (runs - 1) * step;
      const inside = Math.min(from, last) >= 0 && Math.max(from, last) + length <= inputBytes && to >= 0;
      left -= length * runs;
      if (length < 1 || runs < 1 || !inside || to + runs * length > outputBytes || left < 0)
        fail("npu.out-of-bounds", "a move has a block beyond its input or output", { hint });
      for (let run = 0; run < runs; run++) {
        const start = from + run * step;
        target.set(source.subarray(start, start + length), to + run * length);
      }
    }
  },
});

function* blocksAt(memory: SimulatedMemory, address: number, count: number) {
  const view = memory.viewOf(address, count * blockWords * 4);
  for (let at = 0; at < count; at++) {
    const [to, from, length, runs, step] = Array.from({ length: blockWords }, (_, word) =>
      view.getInt32((at * blockWords + word) * 4, true),
    );
    yield { to, from, length, runs, step };
  }
}
