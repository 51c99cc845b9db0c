import { type Multiply, multiplyBy, multiplyWide, roundAwayFromZero } from "@millrace/runtime";
import type { Region } from "../region.ts";
import type { SimulatedMemory } from "../simulator/memory.ts";

/** Fields of how sums of so many bytes become stored integers: a record for each channel at `parameters`. */
export const scalingFields = ["parameters", "sumBytes", "scaling", "outputZero", "low", "high"] as const;

type ScalingFields = Readonly<Record<(typeof scalingFields)[number], number>>;

/**
 * How sums are multiplied: by a 31-bit value and a shift, rounded twice or once, or by a float64 rounded half away from zero. The record of a
 * channel is its bias, of as many bytes as a sum has, then value and shift (i32 each) or the float64. Sums have 4 bytes, or 8 for those of 16-bit data,
 * which are multiplied by the upper 16 bits of the value and rounded once.
 */
export const scalings = { double: 0, single: 1, real: 2 } as const;

/** Bytes of a channel's record. */
export function recordBytesOf({ sumBytes }: Pick<ScalingFields, "sumBytes">): number {
  return sumBytes + 8;
}

/** Multiplication as a field of a command says, for `double` and `single` of `scalings`. */
export function multiplyOf(scaling: number): Multiply {
  return multiplyBy[scaling === scalings.single ? "single" : "double"];
}

/** The records of some channels. */
export function scalingReads(fields: ScalingFields, firstChannel: number, count: number): Region {
  const bytes = recordBytesOf(fields);
  return { address: fields.parameters + firstChannel * bytes, bytes: count * bytes };
}

export function scalingProblems({ sumBytes, scaling, low, high }: ScalingFields): readonly string[] {
  return [
    ...(sumBytes === 4 || sumBytes === 8 ? [] : ["a sum has neither 4 nor 8 bytes"]),
    ...(scaling in Object.values(scalings) ? [] : [`scaling ${scaling} is not known`]),
    ...(low <= high ? [] : ["low is above high"]),
  ];
}

/** A function of a sum, without its bias, and the channel it belongs to, that gives what is stored. */
export function scalingOf(
  fields: ScalingFields,
  memory: SimulatedMemory,
  firstChannel: number,
  count: number,
): (sum: number, channel: number) => number {
  const { address, bytes } = scalingReads(fields, firstChannel, count);
  const view = memory.viewOf(address, bytes);
  const { outputZero, low, high, scaling, sumBytes } = fields;
  const record = recordBytesOf(fields);
  const starts = Array.from({ length: count }, (_, at) => at * record);
  const isWide = sumBytes === 8;
  const biases = Float64Array.from(starts, (at) =>
    isWide ? Number(view.getBigInt64(at, true)) : view.getInt32(at, true),
  );
  const total = isWide
    ? (sum: number, at: number) => sum + biases[at]
    : (sum: number, at: number) => (sum + biases[at]) | 0;
  const clamp = (x: number) => Math.max(low, Math.min(high, x + outputZero));
  if (scaling === scalings.real) {
    const factors = Float64Array.from(starts, (at) => view.getFloat64(at + sumBytes, true));
    return (sum, channel) => {
      const at = channel - firstChannel;
      return clamp(roundAwayFromZero(total(sum, at) * factors[at]));
    };
  }
  const values = Int32Array.from(starts, (at) => view.getInt32(at + sumBytes, true));
  const shifts = Int32Array.from(starts, (at) => view.getInt32(at + sumBytes + 4, true));
  const multiply = isWide ? multiplyWide : multiplyOf(scaling);
  return (sum, channel) => {
    const at = channel - firstChannel;
    return clamp(multiply(total(sum, at), values[at], shifts[at]));
  };
}
