import { type Diagnostic, fail } from "@millrace/ir";
import { isCompiled, type Machine, type NpuOptions, type ProcessorKernels, withKernels } from "@millrace/npu";
import { remainingTransposes } from "@millrace/passes";
import { macsOf, operatorCounts, parametersOf } from "../inspect.ts";
import type { LoadedModel } from "../load.ts";
import { memoryOf, memoryProblems } from "../memory.ts";
import { isQuantized, prepare } from "../prepare.ts";
import { type Progress, Stopwatch } from "../progress.ts";
import type { Report } from "../report.ts";
import { type Acceleration, accelerate } from "./accelerate.ts";

export interface PredictOptions extends NpuOptions, Progress {
  /** Whose kernels the processor has: for `.pte` files `portable` by default, else `integer`. */
  readonly kernels?: ProcessorKernels;
}

/**
 * A report of how long a machine would take for one inference of a model, and the timeline. Throws `npu.float-model` for one without integers or programs,
 * unless the processor's kernels compute reals.
 */
export async function predict(
  model: LoadedModel,
  machine: Machine,
  { kernels = model.format === "pte" ? "portable" : "integer", ...options }: PredictOptions = {},
): Promise<{ readonly report: Report; readonly acceleration: Acceleration }> {
  const isFinished = isCompiled(model.graph);
  if (kernels === "integer" && !isFinished) requireIntegers(model);
  const watch = new Stopwatch();
  const { graph, diagnostics } = await watch.time("passes", () =>
    isFinished ? model : prepare(model, { unrolled: true, spelled: true, fused: true }),
  );
  const acceleration = await watch.time("accelerate", () => accelerate(graph, withKernels(machine, kernels), options));
  const memory = await watch.time("memory", () => memoryOf(graph, options));
  const { name: source, format, bytes } = model;
  const report: Report = {
    model: { source, format, bytes, macs: macsOf(graph), parameters: parametersOf(graph) },
    artifacts: [],
    graph: { operators: operatorCounts(graph), transposes: remainingTransposes(graph).length },
    latency: acceleration.latency,
    delegation: acceleration.delegation,
    ...(memory && { memory }),
    diagnostics: [
      ...diagnostics,
      ...acceleration.diagnostics,
      ...memoryProblems(graph),
      ...unaccelerated(acceleration),
    ],
    timings: watch.times,
  };
  return { report, acceleration };
}

/** Throws `npu.float-model`, which says how to quantize, for a model without integers. */
export function requireIntegers({ graph, name }: LoadedModel): void {
  if (isQuantized(graph)) return;
  fail("npu.float-model", `${name} computes in float32, which the array does not`, {
    hint: "quantize it first: millrace quantize MODEL --data DATA -o model_int8.tflite",
  });
}

/** A warning where nothing of a model is left for the array. */
function unaccelerated({ delegation }: Acceleration): readonly Diagnostic[] {
  if (delegation.npu > 0) return [];
  const message = "the processor computes the whole model; the array takes nothing of it";
  return [{ code: "npu.nothing-delegated", severity: "warning", message, hint: "see the reason of each operator" }];
}
