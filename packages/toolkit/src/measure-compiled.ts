import type { Diagnostic, Graph } from "@millrace/ir";
import { findingsOf, type LayerAnalysis } from "@millrace/quantize";
import { type Engine, wasmEngine } from "@millrace/runtime";
import type { Dataset } from "./data/dataset.ts";
import { type Evaluation, evaluate } from "./evaluate.ts";
import { guessingProblem } from "./guessing.ts";
import type { Progress } from "./progress.ts";
import { layerErrors, type QuantizeResult } from "./quantize.ts";

/** What the test samples show of a quantized model. */
export interface Measured {
  readonly accuracy: Evaluation;
  /** The float model's value of the same metric, unless the metric compares the two. */
  readonly original?: Evaluation | undefined;
  readonly errors: readonly LayerAnalysis[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Evaluates a quantized model and the float one that it came from, and compares their layers. */
export async function measureCompiled(
  float: Graph,
  result: QuantizeResult,
  data: Dataset,
  options: Progress & { readonly floatEngine: Engine; readonly integerEngine?: Engine },
): Promise<Measured> {
  const reference = { graph: float, engine: options.floatEngine };
  const subject = { graph: result.graph, engine: options.integerEngine ?? wasmEngine() };
  const accuracy = await evaluate(subject, data, { ...options, reference });
  const comparesBoth = accuracy.metric === "cosine" || accuracy.metric === "mse";
  const original = comparesBoth ? undefined : await evaluate(reference, data, options);
  const errors = await layerErrors({ ...reference, graph: result.float }, subject, data, options);
  const diagnostics = [
    ...accuracy.diagnostics,
    ...findingsOf(errors),
    ...(original ? guessingProblem(float, original) : []),
  ];
  return { accuracy, original, errors, diagnostics };
}
