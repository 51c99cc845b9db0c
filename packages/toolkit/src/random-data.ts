import type { Diagnostic } from "@millrace/ir";
import type { Dataset } from "./data/dataset.ts";
import type { RandomNumbers } from "./data/random.ts";

/** Random numbers in the words of a report. */
export function randomText({ distribution, minimum, maximum, seed }: RandomNumbers): string {
  return `${distribution} random numbers from ${minimum} to ${maximum} (seed ${seed}) stand in for samples: ranges and accuracy tell nothing of real data`;
}

/** The warning that data is random, if it is. */
export function randomWarning({ random }: Dataset): readonly Diagnostic[] {
  if (random === undefined) return [];
  return [
    {
      code: "quantize.random-data",
      severity: "warning",
      message: randomText(random),
      hint: "give real samples with --data before the model is used for anything but speed and size",
    },
  ];
}
