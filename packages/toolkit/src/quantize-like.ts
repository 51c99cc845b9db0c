import { type Diagnostic, fail, type Graph } from "@millrace/ir";
import {
  type Calibration,
  integerInputWarnings,
  interfaceDifferences,
  type Likeness,
  likenessOf,
} from "@millrace/quantize";
import type { QuantizeRequest } from "./quantize.ts";

/**
 * What a float graph takes from the one that its integer form is to be like, if there is one. Throws `quantize.recovery-with-like` where the float graph was to
 * be changed first, and what `likenessOf` throws.
 */
export function likenessFor(source: Graph, { like, recover = [] }: QuantizeRequest): Likeness | undefined {
  if (like === undefined) return undefined;
  if (recover.length > 0)
    fail("quantize.recovery-with-like", `${recover.join(" and ")} would change what the given parameters are for`, {
      hint: "leave --recover out, or quantize with --data and without --like",
    });
  return likenessOf(source, like);
}

/** What a graph that was quantized like another has otherwise, and where the samples are not what it is for. */
export function likenessWarnings(
  made: Graph,
  { like }: QuantizeRequest,
  likeness: Likeness | undefined,
  { extremes }: Calibration,
): readonly Diagnostic[] {
  if (like === undefined || likeness === undefined) return [];
  const seen = new Map([...extremes].map(([{ name }, range]) => [name, range]));
  return [...likeness.diagnostics, ...interfaceDifferences(made, like), ...integerInputWarnings(made, seen)];
}

/** What was asked for and needs samples, where a graph was quantized like another without any. */
export function withoutSamplesNotes(unused: readonly string[], biasCorrection = true): readonly Diagnostic[] {
  const hint = "give samples with --data";
  return [
    ...(unused.length > 0
      ? [
          {
            code: "quantize.recovery-unused",
            severity: "warning" as const,
            message: `${unused.join(" and ")} had no effect: there are no samples`,
            hint,
          },
        ]
      : []),
    ...(biasCorrection
      ? [
          {
            code: "quantize.biases-uncorrected",
            severity: "info" as const,
            message: "the biases are not corrected by what rounding the weights shifts: that needs samples",
            hint,
          },
        ]
      : []),
  ];
}
