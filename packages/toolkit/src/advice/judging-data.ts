import { fail } from "@millrace/ir";
import { calibrationSamples } from "../calibrate-on-data.ts";
import type { Dataset } from "../data/dataset.ts";

/** The samples that settings are judged by. */
export interface JudgingData {
  /** The data with those samples in the place of its test samples. */
  readonly data: Dataset;
  /** Whether calibration does not see them. */
  readonly heldOut: boolean;
}

/** With fewer samples that calibration leaves, its own are the better judge. */
const fewestHeldOut = 50;
const mostSamples = 200;

/**
 * Samples of the part for calibration, never of the test: those that calibration leaves over, where they are enough, else the ones it uses. Throws
 * `advice.no-measure` for data whose metric has no scale or that is random.
 */
export function judgingData(data: Dataset, calibrationCount: number | undefined): JudgingData {
  if (data.random !== undefined || data.metric === "mse") {
    fail("advice.no-measure", "an accuracy drop needs real samples and a metric with a scale", {
      hint: "give data with labels, or with the metric cosine",
    });
  }
  const used = calibrationSamples(data, calibrationCount);
  const seen = new Set(used);
  const left = data.split.calibration.filter((sample) => !seen.has(sample));
  const heldOut = left.length >= fewestHeldOut;
  const chosen = spread(heldOut ? left : used, mostSamples);
  return { data: { ...data, split: { ...data.split, test: chosen } }, heldOut };
}

function spread(samples: readonly number[], most: number): readonly number[] {
  if (samples.length <= most) return samples;
  return Array.from({ length: most }, (_, index) => samples[Math.floor((index * samples.length) / most)]);
}
