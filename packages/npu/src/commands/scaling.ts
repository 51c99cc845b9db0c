import { type Multiply, multiplyBy, roundAwayFromZero } from "@millrace/runtime";
import type { Region } from "../region.ts";
import type { SimulatedMemory } from "../simulator/memory.ts";

/** Fields of how sums become stored integers: a record of 12 bytes for each channel at `parameters`. */
export const scalingFields = ["parameters", "scaling", "outputZero", "low", "high"] as const;

type ScalingFields = Readonly<Record<(typeof scalingFields)[number], number>>;

/**
 * How sums are multiplied: by a 31-bit value and a shift, rounded twice or once, or by a float64 rounded half away from zero. The record of a
 * channel is its bias (i32), then value and shift (i32 each) or the float64.
 */
export const scalings = { double: 0, single: 1, real: 2 } as const;

export const recordBytes = 12;

/** Multiplication as a field of a command says, for `double` and `single` of `scalings`. */
export function multiplyOf(scaling: number): Multiply {
  return multiplyBy[scaling === scalings.single ? "single" : "double"];
}

/** The records of some channels. */
export function scalingReads({ parameters }: ScalingFields, firstChannel: number, count: number): Region {
  return { address: parameters + firstChannel * recordBytes, bytes: count * recordBytes };
}

export function scalingProblems({ scaling, low, high }: ScalingFields): readonly string[] {
  return [
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
  const biases = Int32Array.from({ length: count }, (_, at) => view.getInt32(at * recordBytes, true));
  const { outputZero, low, high, scaling } = fields;
  const clamp = (x: number) => Math.max(low, Math.min(high, x + outputZero));
  if (scaling === scalings.real) {
    const factors = Float64Array.from({ length: count }, (_, at) => view.getFloat64(at * recordBytes + 4, true));
    return (sum, channel) => {
      const at = channel - firstChannel;
      return clamp(roundAwayFromZero(((sum + biases[at]) | 0) * factors[at]));
    };
  }
  const values = Int32Array.from({ length: count }, (_, at) => view.getInt32(at * recordBytes + 4, true));
  const shifts = Int32Array.from({ length: count }, (_, at) => view.getInt32(at * recordBytes + 8, true));
  const multiply = multiplyOf(scaling);
  return (sum, channel) => {
    const at = channel - firstChannel;
    return clamp(multiply((sum + biases[at]) | 0, values[at], shifts[at]));
  };
}
