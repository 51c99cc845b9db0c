import { asTheyAre, defineCommand, streaming } from "./command.ts";

/**
 * Exchanges two neighbouring axes: `blocks` times, `rows` of `columns` runs of `bytes` become columns of rows. Cycles: the bytes through the data
 * port twice.
 */
export const transpose = defineCommand({
  name: "transpose",
  code: 14,
  fields: ["input", "output", "blocks", "rows", "columns", "bytes"],
  addresses: ["input", "output"],
  problems: (fields) =>
    [fields.blocks, fields.rows, fields.columns, fields.bytes].every((size) => size >= 1)
      ? []
      : ["a size is less than 1"],
  reads: (fields) => [{ address: fields.input, bytes: sizeOf(fields) }],
  writes: (fields) => [{ address: fields.output, bytes: sizeOf(fields) }],
  inLine: { takes: true },
  work: (fields, machine, overheads, { read, written } = asTheyAre) =>
    streaming((read + written) * sizeOf(fields), machine, overheads),
  execute(fields, memory) {
    const { input, output, blocks, rows, columns, bytes } = fields;
    const source = memory.bytesOf(input, sizeOf(fields));
    const target = memory.bytesOf(output, sizeOf(fields));
    let to = 0;
    for (let block = 0; block < blocks; block++) {
      for (let column = 0; column < columns; column++) {
        for (let row = 0; row < rows; row++) {
          const from = ((block * rows + row) * columns + column) * bytes;
          for (let at = 0; at < bytes; at++) target[to++] = source[from + at];
        }
      }
    }
  },
});

type Sizes = Readonly<Record<"blocks" | "rows" | "columns" | "bytes", number>>;

function sizeOf({ blocks, rows, columns, bytes }: Sizes): number {
  return blocks * rows * columns * bytes;
}
