import { realsOf, storedOf } from "@millrace/ops";
import { defineCommand, streaming } from "./command.ts";

/** How halves are rounded, by their numbers in a command. */
export const roundings = ["away", "even"] as const;

/** The 32 bits of a number in float32, as a field. */
export function bitsOf(number: number): number {
  return new Int32Array(Float32Array.of(number).buffer)[0];
}

function numberOf(bits: number): number {
  return new Float32Array(Int32Array.of(bits).buffer)[0];
}

const unit = { feature: "conversion", cycles: () => ({ ready: 0, busy: 0 }) } as const;

/** The int8 that stand for real numbers in float32: each divided by a scale, rounded, plus a zero point. Cycles: both through the data port. */
export const quantize = defineCommand({
  name: "quantize",
  code: 11,
  fields: ["input", "output", "length", "scale", "zero", "rounding"],
  addresses: ["input", "output"],
  problems: ({ length, rounding }) => [
    ...(length >= 1 ? [] : ["length is less than 1"]),
    ...(rounding in roundings ? [] : [`rounding ${rounding} is not known`]),
  ],
  reads: ({ input, length }) => [{ address: input, bytes: 4 * length }],
  writes: ({ output, length }) => [{ address: output, bytes: length }],
  inLine: { before: unit },
  work: ({ length }, machine, overheads) => streaming(5 * length, machine, overheads),
  requires: () => ["conversion"],
  execute({ input, output, length, scale, zero, rounding }, memory) {
    const view = memory.viewOf(input, 4 * length);
    const reals = Float32Array.from({ length }, (_, at) => view.getFloat32(4 * at, true));
    const quantization = { scale: [numberOf(scale)], zeroPoint: [zero] };
    const { data } = storedOf(reals, [length], "i8", quantization, roundings[rounding]);
    memory.integersOf(output, length).set(data as Int8Array);
  },
});

/** The real numbers in float32 that int8 stand for: less the zero point, times a scale. Cycles: both through the data port. */
export const dequantize = defineCommand({
  name: "dequantize",
  code: 12,
  fields: ["input", "output", "length", "scale", "zero"],
  addresses: ["input", "output"],
  problems: ({ length }) => (length >= 1 ? [] : ["length is less than 1"]),
  reads: ({ input, length }) => [{ address: input, bytes: length }],
  writes: ({ output, length }) => [{ address: output, bytes: 4 * length }],
  inLine: { behind: unit },
  work: ({ length }, machine, overheads) => streaming(5 * length, machine, overheads),
  requires: () => ["conversion"],
  execute({ input, output, length, scale, zero }, memory) {
    const data = memory.integersOf(input, length);
    const type = {
      dtype: "i8",
      shape: [length],
      quantization: { scale: [numberOf(scale)], zeroPoint: [zero] },
    } as const;
    const reals = realsOf({ dtype: "i8", shape: [length], data }, type);
    const view = memory.viewOf(output, 4 * length);
    for (let at = 0; at < length; at++) view.setFloat32(4 * at, reals[at], true);
  },
});
