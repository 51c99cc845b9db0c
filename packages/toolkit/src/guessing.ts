import { type Diagnostic, elementCount, type Graph } from "@millrace/ir";
import type { Evaluation } from "./evaluate.ts";

/**
 * A warning if a float classifier is no better on the data than guessing one of its classes, by two standard deviations: then what it is given is
 * rarely what it was trained on.
 */
export function guessingProblem(
  graph: Graph,
  { metric, samples, value }: Omit<Evaluation, "diagnostics">,
): readonly Diagnostic[] {
  if (metric !== "top1") return [];
  const chance = 1 / elementCount(graph.outputs[0].type.shape as readonly number[]);
  const deviation = Math.sqrt((chance * (1 - chance)) / samples);
  if (chance === 1 || value > chance + 2 * deviation) return [];
  return [
    {
      code: "data.model-guesses",
      severity: "warning",
      message: `the float model is right on ${(value * 100).toFixed(1)} % of ${samples} samples, which is no better than guessing: the data is probably prepared in another way than in training`,
      hint: "check mean, std, scale, layout and the labels' numbers in dataset.json against the training code",
    },
  ];
}
