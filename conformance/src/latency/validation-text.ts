import { calibration } from "@millrace/npu";
import type { Basis, Errors, Row, Validation } from "./validate.ts";

const headings: Readonly<Record<Basis, string>> = {
  calibrated: "Calibrated: the parameters are fitted to these figures",
  "leave-one-out": "Leave-one-out: the parameters are fitted to the chip's other figures",
  nested: "Nested: the model dropped from both chips, structure chosen and parameters fitted again",
  "held out": "Held out: never part of a fit",
  derived: "Derived: a constant was solved from this very figure, which explains it and predicts nothing",
};

/** A validation as tables for a terminal, with what must be known to read them. */
export function validationText({ rows, unused, errors, explaining, line }: Validation): string {
  return [
    ...(Object.keys(headings) as Basis[]).flatMap((basis) => [headings[basis], ...basisLines(rows, basis), ""]),
    "Mean and worst error by structure, and by how it is chosen",
    ...errors.map(errorLine),
    "",
    "Not compared",
    ...unused.map(({ name, latencyMs, reason }) => `  ${name}, ${latencyMs} ms: ${reason}`),
    "",
    "Fitted numbers",
    ...Object.entries(calibration).flatMap(([machine, numbers]) =>
      Object.entries(numbers).map(
        ([name, { value, unit, fittedOn }]) => `  ${machine} ${name} ${value} ${unit}; fitted on ${fittedOn}`,
      ),
    ),
    "",
    ...notes,
    `${explaining.count} of ${explaining.structures} structures can be fitted to all of the i.MX RT700's five figures within ${100 * explaining.share} %.`,
    `The five detection networks on the i.MX 95 lie on ${line.constant.toFixed(1)} ms and ${line.slope.toFixed(2)} ms for each 10⁹ multiplications. That tells`,
    "what they share, an end on the processor included, and what a multiplication more costs such networks; it is no model of that chip.",
  ].join("\n");
}

const notes = [
  "The NPU figures are a vendor's own and those of its demonstrations, or a third party's; none is a result of MLCommons. Predictions are",
  "simulated in the way the vendor's runtime works: no copy goes on beside the array's work.",
  "The structure was found on these same points, so the calibrated rows say little of other models. The nested rows choose it again without",
  "the model, one array for both chips, and what starts its work either by the operator or by the job. Where less is taken for granted, or",
  "MobileNetV2 is not looked at, the lines of errors show how far that can lead astray. That results are written back while the processor",
  "prepares the next job is plausible, but was thought of with these figures known. MobileNetV2 tells structures apart, has no part in the",
  "parameters, and its copies go at the rate that MobileNetV1-1.0 gives.",
  "The calibrated figures of either chip don't rule out the rival, whose rows of 1×1 convolutions are merged; it needs two parameters more",
  "and fails on figures that are left out. Were it true, what the compiler gains by merging such rows would not be there to gain.",
  "AD decides the cycles of an operator and the flash port, VWW and IC those of writing back, VWW, MobileNetV2 and the MCX N947 those of a",
  "depthwise window, KWS whether rows load weights again and small channels are packed, MobileNetV1-1.0 the rate of copies.",
  "The NPU figures of the slide and of the MCX N947 are compared without the processor's softmax: its cost is known from one demonstration",
  "only, and would put FOMO, which has 256 of its elements, at a sixth too much.",
  "What would help most is a profile by kernel of MobileNetV2 or VWW, taken on an evaluation board.",
];

function basisLines(rows: readonly Row[], basis: Basis): readonly string[] {
  const chosen = rows.filter((row) => row.basis === basis);
  const width = Math.max(...chosen.map(({ name }) => name.length));
  const lines = chosen.map(({ name, measuredMs, predictedMs }) =>
    [
      `  ${name.padEnd(width)}`,
      measuredMs.toFixed(3).padStart(10),
      predictedMs.toFixed(3).padStart(10),
      `${signed(predictedMs / measuredMs - 1)} %`.padStart(8),
    ].join(" "),
  );
  const errors = chosen.map(({ measuredMs, predictedMs }) => Math.abs(predictedMs / measuredMs - 1));
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
  const heading = `  ${"".padEnd(width)} ${"measured".padStart(10)} ${"predicted".padStart(10)} ${"error".padStart(8)}`;
  return [heading, ...lines, `  mean ${percent(mean)}, worst ${percent(Math.max(...errors))} %`];
}

function errorLine({ what, chip, mean, worst }: Errors): string {
  return `  ${what.padEnd(66)} ${chip.padEnd(9)} ${percent(mean).padStart(5)} ${percent(worst).padStart(5)} %`;
}

function percent(share: number): string {
  return (100 * share).toFixed(1);
}

function signed(share: number): string {
  return `${share < 0 ? "" : "+"}${percent(share)}`;
}
