import type { Diagnostic } from "@millrace/ir";
import type { CalibrationMethod, SchemeName } from "@millrace/quantize";
import type { Advice } from "./advice/advise.ts";
import type { CompiledFiles } from "./compiled-files.ts";
import type { RandomNumbers } from "./data/random.ts";
import { bySensitivity, layerReports, likeReport } from "./layer-reports.ts";
import type { LoadedModel } from "./load.ts";
import type { Measured } from "./measure-compiled.ts";
import type { Acceleration } from "./npu/accelerate.ts";
import type { Stopwatch } from "./progress.ts";
import type { QuantizeResult } from "./quantize.ts";
import { type AdviceReport, artifactOf, type Report } from "./report.ts";

/** What a report tells of a compilation. */
export interface CompilationFacts {
  readonly model: LoadedModel;
  readonly macs: number;
  readonly parameters: number;
  readonly memory: Report["memory"];
  readonly scheme: SchemeName;
  readonly calibration: CalibrationMethod | "none";
  readonly advice: Advice | undefined;
  /** Name of the model that the quantized one is like. */
  readonly like: string | undefined;
  readonly random: RandomNumbers | undefined;
  readonly acceleration: Acceleration | undefined;
  readonly result: QuantizeResult;
  readonly files: CompiledFiles;
  readonly measured: Measured | undefined;
  readonly diagnostics: readonly Diagnostic[];
  readonly timings: Stopwatch["times"];
}

/** The report of a compilation; parts that do not apply are left out. */
export async function compilationReport(facts: CompilationFacts): Promise<Report> {
  const { model, macs, parameters, memory, measured, acceleration, diagnostics, timings } = facts;
  const { files, operators, transposes } = facts.files;
  return {
    model: { source: model.name, format: model.format, bytes: model.bytes, macs, parameters },
    artifacts: await Promise.all(files.map(artifactOf)),
    graph: { operators, transposes },
    quantization: quantizationReport(facts),
    ...(measured && { accuracy: accuracyOf(measured) }),
    ...(memory && { memory }),
    ...(acceleration && { latency: acceleration.latency, delegation: acceleration.delegation }),
    diagnostics,
    timings,
  };
}

function quantizationReport(facts: CompilationFacts): NonNullable<Report["quantization"]> {
  const { scheme, calibration, random, like, advice, measured } = facts;
  const { samples, layers, recoveries } = facts.result;
  const errors = measured?.errors ?? [];
  return {
    scheme,
    calibration,
    samples,
    ...(random && { random }),
    ...(like !== undefined && { like: likeReport(like, layers) }),
    ...(advice && { advice: adviceReport(advice) }),
    ...(recoveries.length > 0 && { recoveries }),
    layers: layerReports(layers, errors),
    ...(errors.length > 0 && { sensitivity: bySensitivity(errors) }),
  };
}

function adviceReport({ request: _, chosen, ...advice }: Advice): AdviceReport {
  return { ...advice, met: chosen.meets, chosen: chosen.setting };
}

function accuracyOf({ accuracy, original }: Measured): NonNullable<Report["accuracy"]> {
  const { metric, samples, value } = accuracy;
  const perfect = metric === "cosine" ? 1 : 0;
  return { metric, samples, float: original?.value ?? perfect, quantized: value };
}
