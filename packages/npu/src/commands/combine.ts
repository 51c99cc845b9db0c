import { combinations, identityMultiplier, type ScaledSide } from "@millrace/runtime";
import type { SimulatedMemory } from "../simulator/memory.ts";
import { asTheyAre, defineCommand, elementsPart, overheadsOf, streaming } from "./command.ts";
import { elementFields, elementProblems } from "./elements.ts";
import { multiplyOf } from "./scaling.ts";

const known = { ...combinations, difference: (a: number, b: number) => (a - b) | 0 };

export const combinationNames = [
  "sum",
  "product",
  "square",
  "greatest",
  "least",
  "difference",
] as const satisfies readonly (keyof typeof known)[];

/** Words of the record of how a stored integer of 16 bits becomes what it stands for. */
const recordWords = 5;

/** Bytes of what says for a side what each stored integer stands for: a table, least first, or for 16 bits a record. */
function meaningBytes(elementBytes: number): number {
  return 4 * (elementBytes === 2 ? recordWords : 256);
}

/**
 * Arithmetic on two values of one length, or of which one is repeated every so many elements: what each stored integer stands for, combined,
 * multiplied, and stored. Of 8 bits a table of 256 words says what it stands for. Of 16 bits a record of five does: it is clamped to the first two,
 * shifted to the left by the third, and multiplied by the fourth and the fifth, a value of 31 bits and a shift.
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
    ...elementFields,
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
  problems: (fields) => {
    const { length, rows, channels, leftPeriod, rightPeriod, combination, low, high } = fields;
    const sizes = [length, rows, channels, leftPeriod, rightPeriod];
    return [
      ...(sizes.every((size) => size >= 1) ? [] : ["a length is less than 1"]),
      ...(combination in combinationNames ? [] : [`combination ${combination} is not known`]),
      ...(low <= high ? [] : ["low is above high"]),
      ...elementProblems(fields, [fields.left, fields.right], [fields.output]),
    ];
  },
  reads: ({ left, right, length, leftPeriod, rightPeriod, leftTable, rightTable, elementBytes }) => [
    { address: left, bytes: Math.min(length, leftPeriod) * elementBytes },
    { address: right, bytes: Math.min(length, rightPeriod) * elementBytes },
    { address: leftTable, bytes: meaningBytes(elementBytes) },
    { address: rightTable, bytes: meaningBytes(elementBytes) },
  ],
  writes: ({ output, length, resultBytes }) => [{ address: output, bytes: length * resultBytes }],
  inLine: { gives: true },
  work({ length, rows, channels, elementBytes, resultBytes }, machine, overheads, flow = asTheyAre) {
    const jobs = rows * Math.ceil(channels / machine.array.pipelines);
    const bytes = (2 * elementBytes + resultBytes * flow.written) * length;
    return { ...streaming(bytes, machine, overheads), ...overheadsOf(jobs, 0, overheads) };
  },
  tiling({ length, rows, leftPeriod, rightPeriod, elementBytes, resultBytes }) {
    const sides = { left: leftPeriod, right: rightPeriod };
    const repeated = Object.values(sides).filter((period) => period < length);
    const period = Math.max(1, ...repeated);
    if (repeated.some((other) => period % other !== 0)) return undefined;
    const moved = Object.entries(sides).map(([side, own]) => [side, own < length ? 0 : elementBytes]);
    const sizes = { output: resultBytes, ...Object.fromEntries(moved) };
    return {
      grain: period * resultBytes,
      part(from, to) {
        const part = elementsPart(from, to, length, sizes);
        return part && { ...part, fields: { ...part.fields, rows: Math.ceil((rows * part.fields.length) / length) } };
      },
    };
  },
  execute(fields, memory) {
    const { length, leftPeriod, rightPeriod, rounding, multiplier, shift, outputZero, low, high } = fields;
    const { elementBytes, resultBytes } = fields;
    const left = memory.elementsOf(fields.left, Math.min(length, leftPeriod), elementBytes);
    const right = memory.elementsOf(fields.right, Math.min(length, rightPeriod), elementBytes);
    const target = memory.elementsOf(fields.output, length, resultBytes);
    const ofLeft = meaningOf(memory, fields.leftTable, elementBytes, rounding);
    const ofRight = meaningOf(memory, fields.rightTable, elementBytes, rounding);
    const combined = known[combinationNames[fields.combination]];
    const multiply = multiplyOf(rounding);
    for (let at = 0; at < length; at++) {
      const sum = combined(ofLeft(left[at % leftPeriod]), ofRight(right[at % rightPeriod]));
      target[at] = Math.max(low, Math.min(high, multiply(sum, multiplier, shift) + outputZero));
    }
  },
});

/** The record of what numbers of 16 bits stand for: themselves, unless they are clamped or scaled. */
export function meaningOfWords({
  low = -32_768,
  high = 32_767,
  places = 0,
  multiplier = identityMultiplier,
}: { readonly low?: number; readonly high?: number } & Partial<ScaledSide>): Int32Array {
  return Int32Array.of(low, high, places, multiplier.value, multiplier.shift);
}

/** What a stored integer of a side stands for. */
function meaningOf(memory: SimulatedMemory, address: number, elementBytes: number, rounding: number) {
  const view = memory.viewOf(address, meaningBytes(elementBytes));
  const words = Int32Array.from({ length: view.byteLength / 4 }, (_, at) => view.getInt32(at * 4, true));
  if (elementBytes === 1) return (stored: number) => words[stored + 128];
  const [low, high, places, value, shift] = words;
  const multiply = multiplyOf(rounding);
  return (stored: number) => multiply(Math.max(low, Math.min(high, stored)) << places, value, shift);
}
