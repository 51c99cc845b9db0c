import { fail } from "@millrace/ir";
import type { SimulatedMemory } from "../simulator/memory.ts";
import { hint } from "../simulator/memory.ts";
import { asTheyAre, defineCommand, type Part, streaming } from "./command.ts";

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
  tiling({ outputBytes, count }, contentsOf) {
    const contents = contentsOf("blocks");
    return contents && { grain: 1, part: partsOf(listed(contents, count), outputBytes) };
  },
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

interface Block {
  readonly to: number;
  readonly from: number;
  readonly length: number;
  readonly runs: number;
  readonly step: number;
}

function* blocksAt(memory: SimulatedMemory, address: number, count: number) {
  yield* blocksIn(memory.viewOf(address, count * blockWords * 4), count);
}

function* blocksIn(view: DataView, count: number): Generator<Block> {
  for (let at = 0; at < count; at++) {
    const [to, from, length, runs, step] = Array.from({ length: blockWords }, (_, word) =>
      view.getInt32((at * blockWords + word) * 4, true),
    );
    yield { to, from, length, runs, step };
  }
}

function listed({ buffer, byteOffset, byteLength }: Uint8Array, count: number): readonly Block[] {
  return [...blocksIn(new DataView(buffer, byteOffset, byteLength), count)];
}

/** Parts of a move of blocks that lie in the order of the output. */
function partsOf(blocks: readonly Block[], outputBytes: number) {
  return (from: number, to: number): Part | undefined => {
    const [start, end] = [Math.max(0, from), Math.min(outputBytes, to)];
    const cut: Block[] = [];
    for (let at = firstReaching(blocks, start); at < blocks.length && blocks[at].to < end; at++)
      cut.push(...cutBlock(blocks[at], start, end));
    if (cut.length === 0) return undefined;
    const low = cut.reduce((least, { from, runs, step }) => Math.min(least, from, from + (runs - 1) * step), Infinity);
    const high = cut.reduce((most, { from, length, runs, step }) => {
      return Math.max(most, from + length, from + (runs - 1) * step + length);
    }, 0);
    const words = cut.flatMap(({ to, from, length, runs, step }) => [to - cut[0].to, from - low, length, runs, step]);
    const last = cut[cut.length - 1];
    return {
      fields: {
        inputBytes: high - low,
        outputBytes: last.to + last.length * last.runs - cut[0].to,
        count: cut.length,
        moved: cut.reduce((sum, { length, runs }) => sum + length * runs, 0),
      },
      moved: { input: low, output: cut[0].to },
      contents: { blocks: new Uint8Array(Int32Array.from(words).buffer) },
    };
  };
}

/** The first block that ends behind a byte of the output. */
function firstReaching(blocks: readonly Block[], byte: number): number {
  let [low, high] = [0, blocks.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const { to, length, runs } = blocks[middle];
    if (to + length * runs <= byte) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What of a block lies between two bytes of the output: the end of a run, whole runs, the start of a run. */
function cutBlock({ to, from, length, runs, step }: Block, start: number, end: number): readonly Block[] {
  const [first, last] = [Math.max(0, start - to), Math.min(length * runs, end - to)];
  const pieces: Block[] = [];
  for (let at = first; at < last; ) {
    const [run, inside] = [Math.floor(at / length), at % length];
    const whole = inside === 0 ? Math.floor((last - at) / length) : 0;
    const piece = whole > 0 ? { length, runs: whole } : { length: Math.min(length - inside, last - at), runs: 1 };
    pieces.push({ to: to + at, from: from + run * step + inside, step, ...piece });
    at += piece.length * piece.runs;
  }
  return pieces;
}
