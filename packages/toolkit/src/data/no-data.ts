import { fail } from "@millrace/ir";
import { sha256 } from "../sha256.ts";
import type { Dataset } from "./dataset.ts";

/** Data without any sample, for what needs none. */
export const noData: Dataset = {
  description: { inputs: {} },
  metric: "cosine",
  count: 0,
  inputNames: [],
  labels: undefined,
  labelsFor: () => undefined,
  split: { calibration: [], test: [] },
  digest: () => sha256(""),
  sampleName: (sample) => `sample ${sample}`,
  feeds: async (sample) => fail("data.no-sample", `there is no sample ${sample}: no data was given`),
};
