import type { Activation } from "./attributes.ts";

/** Real range of each activation: [minimum, maximum]. */
export const activationRanges: Readonly<Record<Activation, readonly [number, number]>> = {
  none: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  relu: [0, Number.POSITIVE_INFINITY],
  relu6: [0, 6],
  reluN1To1: [-1, 1],
};

/** The activation that is a clamp to this range, if there is one. */
export function activationOfRange(minimum: number, maximum: number): Activation | undefined {
  const names = Object.keys(activationRanges) as Activation[];
  return names.find((name) => activationRanges[name][0] === minimum && activationRanges[name][1] === maximum);
}
