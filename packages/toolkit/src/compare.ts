import type { Diagnostic } from "@millrace/ir";
import { remainingTransposes } from "@millrace/passes";
import { findingsOf, type LayerAnalysis } from "@millrace/quantize";
import type { Dataset } from "./data/dataset.ts";
import { metrics } from "./data/metrics.ts";
import { type Evaluation, evaluate, type Runnable } from "./evaluate.ts";
import { guessingProblem } from "./guessing.ts";
import { macsOf, operatorCounts, parametersOf } from "./inspect.ts";
import { bySensitivity, integerLayers, layerReports } from "./layer-reports.ts";
import type { LoadedModel } from "./load.ts";
import { isQuantized } from "./prepare.ts";
import { type Progress, type StageTime, Stopwatch } from "./progress.ts";
import { layerErrors } from "./quantize.ts";
import type { LayerReport, Report } from "./report.ts";

/** How a model compares with another one on the same samples. */
export interface Comparison {
  /** Of the model itself. */
  readonly evaluation: Evaluation;
  /** The other model's value of the metric, and by how much the first is worse. */
  readonly value: number;
  readonly drop: number;
  /** Where integer results leave the other model's float ones; nothing unless the first model is quantized and the other is not. */
  readonly layers: readonly LayerReport[];
  /** Names of the layers, those that lose most by themselves first. */
  readonly sensitivity: readonly string[];
  /** What looks wrong with the samples, and what the layers lose by. */
  readonly diagnostics: readonly Diagnostic[];
  readonly timings: readonly StageTime[];
}

/** Evaluates both models, and compares the layers of a quantized one with those of a float one. */
export async function compare(
  subject: Runnable,
  reference: Runnable,
  data: Dataset,
  options: Progress = {},
): Promise<Comparison> {
  const watch = new Stopwatch();
  const { needsReference, higherIsBetter } = metrics[data.metric];
  const evaluation = await watch.time("evaluate", () => evaluate(subject, data, { ...options, reference }));
  const other = await watch.time("evaluate the other", () =>
    evaluate(reference, data, { ...options, ...(needsReference && { reference }) }),
  );
  const { value } = other;
  const measured = isComparable(subject, reference)
    ? await watch.time("compare layers", () => layerErrors(reference, subject, data, options))
    : [];
  const guessing = isQuantized(reference.graph) ? [] : guessingProblem(reference.graph, other);
  return {
    evaluation,
    value,
    drop: higherIsBetter ? value - evaluation.value : evaluation.value - value,
    layers: measuredLayers(subject, measured),
    sensitivity: bySensitivity(measured),
    diagnostics: [...evaluation.diagnostics, ...findingsOf(measured), ...guessing],
    timings: watch.times,
  };
}

/** Whether layers of a model can be compared with those of another: one is quantized, and the other is not. */
export function isComparable(subject: Runnable, reference: Runnable): boolean {
  return isQuantized(subject.graph) && !isQuantized(reference.graph);
}

function measuredLayers({ graph }: Runnable, measured: readonly LayerAnalysis[]): readonly LayerReport[] {
  return layerReports(integerLayers(graph), measured).filter(({ sqnrDb }) => Number.isFinite(sqnrDb));
}

/** The report of a quantized model's comparison with a float one. */
export function comparisonReport(
  { name: source, format, bytes }: LoadedModel,
  { graph }: Runnable,
  { evaluation, value, layers, sensitivity, diagnostics, timings }: Comparison,
): Report {
  const { metric, samples } = evaluation;
  return {
    model: { source, format, bytes, macs: macsOf(graph), parameters: parametersOf(graph) },
    artifacts: [],
    graph: { operators: operatorCounts(graph), transposes: remainingTransposes(graph).length },
    quantization: { scheme: "quantized", calibration: "none", samples: 0, layers, sensitivity },
    accuracy: { metric, samples, float: value, quantized: evaluation.value },
    diagnostics,
    timings,
  };
}
