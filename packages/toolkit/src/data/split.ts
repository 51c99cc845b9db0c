import type { SplitDescription } from "./description.ts";

/** Indices of the samples to calibrate with and to test on, ascending. */
export interface Split {
  readonly calibration: readonly number[];
  readonly test: readonly number[];
}

const fewSamples = 20;

/**
 * Divides `count` samples. Where the description leaves calibration out it is every 10th sample from the first, and where it
 * leaves test out it is the rest; without any split, fewer than 20 samples serve both purposes whole.
 */
export function splitSamples(count: number, description: SplitDescription | undefined): Split {
  const whole = description === undefined && count < fewSamples;
  const { calibration = { every: 10 }, test = "rest" } = whole
    ? ({ calibration: "all", test: "all" } as const)
    : (description ?? {});
  const calibrates = (index: number) =>
    typeof calibration === "object" ? index % calibration.every === (calibration.offset ?? 0) : calibration === "all";
  const tests = (index: number) => test === "all" || (test === "rest" && !calibrates(index));
  const indices = Array.from({ length: count }, (_, index) => index);
  return { calibration: indices.filter(calibrates), test: indices.filter(tests) };
}
