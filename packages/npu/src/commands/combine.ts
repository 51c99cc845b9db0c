import { combinations } from "@millrace/runtime";
import { asTheyAre, defineCommand, overheadsOf, streaming } from "./command.ts";
import { multiplyOf } from "./scaling.ts";

export const combinationNames = [
  "sum",
  "product",
  "square",
  "greatest",
  "least",
] as const satisfies readonly (keyof typeof combinations)[];

/** Bytes of the table that says what each stored integer stands for, least first. */
export const tableBytes = 256 * 4;

/**
 * Arithmetic on two values of one length, or of which one is repeated every so many elements: what each stored integer stands for (from a
 * table), combined, multiplied, and stored.
 *
 * Cycles: both values and the result through the data port; a job is one row and one group of channels.
 */
export const combine = defineCommand({
  name: "combine",
  code: 4,
  fields: [
    "left",
    "right",
    "output",
    "length",
    "rows",
    "channels",
    "leftPeriod",
    "rightPeriod",
    "leftTable",
    "rightTable",
    "combination",
    "rounding",
    "multiplier",
    "shift",
    "outputZero",
    "low",
    "high",
  ],
  addresses: ["left", "right", "output", "leftTable", "rightTable"],
  problems: ({ length, rows, channels, leftPeriod, rightPeriod, combination, low, high }) => [
    ...([length, rows, channels, leftPeriod, rightPeriod].every((size) => size >= 1)
      ? []
      : ["a length is less than 1"]),
    ...(combination in combinationNames ? [] : [`combination ${combination} is not known`]),
    ...(low <= high ? [] : ["low is above high"]),
  ],
  reads: ({ left, right, length, leftPeriod, rightPeriod, leftTable, rightTable }) => [
    { address: left, bytes: Math.min(length, leftPeriod) },
    { address: right, bytes: Math.min(length, rightPeriod) },
    { address: leftTable, bytes: tableBytes },
    { address: rightTable, bytes: tableBytes },
  ],
  writes: ({ output, length }) => [{ address: output, bytes: length }],
  inLine: { gives: true },
  work({ length, rows, channels }, machine, overheads, flow = asTheyAre) {
    const jobs = rows * Math.ceil(channels / machine.array.pipelines);
    return { ...streaming((2 + flow.written) * length, machine, overheads), ...overheadsOf(jobs, 0, overheads) };
  },
  execute(fields, memory) {
    const { length, leftPeriod, rightPeriod, rounding, multiplier, shift, outputZero, low, high } = fields;
    const [left, right] = [memory.integersOf(fields.left, leftPeriod), memory.integersOf(fields.right, rightPeriod)];
    const target = memory.integersOf(fields.output, length);
    const tables = [fields.leftTable, fields.rightTable].map((address) => memory.viewOf(address, tableBytes));
    const [leftTable, rightTable] = tables.map((view) =>
      Int32Array.from({ length: 256 }, (_, at) => view.getInt32(at * 4, true)),
    );
    const combined = combinations[combinationNames[fields.combination]];
    const multiply = multiplyOf(rounding);
    for (let at = 0; at < length; at++) {
      const sum = combined(leftTable[left[at % leftPeriod] + 128], rightTable[right[at % rightPeriod] + 128]);
      target[at] = Math.max(low, Math.min(high, multiply(sum, multiplier, shift) + outputZero));
    }
  },
});
