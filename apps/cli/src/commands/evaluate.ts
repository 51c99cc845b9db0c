import type { Comparison, Dataset, Evaluation, LoadedModel, Runnable } from "@millrace/toolkit";
import { Command, Option } from "commander";
import type { CommonOptions, Context, Run } from "../context.ts";
import { dataDescription, openData, requireData } from "../data.ts";
import {
  type EngineName,
  engineFor,
  engineNames,
  engineOf,
  isTfliteName,
  type KernelOptions,
  kernelOptionsOf,
  runsTflite,
  targetOption,
  withKernelOptions,
} from "../engines.ts";
import { loadOptionsOf, modelFile, readModel, type ShapeOptions } from "../model-file.ts";
import { parseCount, parseThreads, withExamples, withShapeOptions } from "../options.ts";
import { checkOutputFolder, writeOutputs } from "../output-files.ts";
import { reportFiles } from "../report-files.ts";
import { RequestError } from "../request-error.ts";
import { columns, printable } from "../terminal.ts";

interface Options extends CommonOptions, ShapeOptions, KernelOptions {
  readonly data?: string;
  readonly against?: string;
  readonly report?: string;
  readonly samples?: number;
  readonly engine?: EngineName;
}

type Document = Evaluation & { readonly against?: Pick<Comparison, "value" | "drop" | "layers"> };

export function evaluateCommand(run: Run): Command {
  const command = new Command("evaluate")
    .description("Measure a model's accuracy by the data's metric")
    .argument("<model>", modelFile)
    .option("--data <data>", dataDescription)
    .option("--against <model>", "another model, to tell the drop and where layers differ")
    .option("--report <folder>", "with --against: write report.json and report.html there")
    .option("--samples <count>", "most test samples to use (default: all)", parseCount)
    .addOption(
      new Option("--engine <engine>", "what computes the model (default: by its numbers)").choices(engineNames),
    )
    .option("--threads <count>", "run samples in so many threads (reference and wasm; default: 1)", parseThreads)
    .option(...targetOption)
    .action((path: string, options: Options) => run(options, (context) => evaluateModel(path, options, context)));
  return withExamples(withKernelOptions(withShapeOptions(command)), [
    "evaluate model.tflite --data samples/",
    "evaluate model_int8.tflite --data samples/ --against model.onnx",
    "evaluate model_int8.tflite --data samples/ --against model.onnx --report report/",
    "evaluate model.onnx --data samples.npz --samples 200 --json",
  ]);
}

async function evaluateModel(path: string, options: Options, context: Context): Promise<void> {
  const { against: other, report: folder } = options;
  requireData(options.data, "evaluation");
  if (folder !== undefined && other === undefined) throw reportNeedsFloat;
  const { compare, evaluate, isComparable } = await import("@millrace/toolkit");
  const subject = await opened(path, options, context, options.engine);
  const reference = other === undefined ? undefined : await opened(other, options, context);
  const data = limited(await openData(options.data, "evaluation"), options.samples);
  const steps = stepsOf(context);
  if (other === undefined || reference === undefined) {
    const evaluation = await evaluate(subject, data, steps);
    context.report(evaluation.diagnostics);
    return context.result(evaluation, await accuracyLine(evaluation));
  }
  if (folder !== undefined) {
    if (!isComparable(subject, reference)) throw reportNeedsFloat;
    await checkOutputFolder(folder);
  }
  const comparison = await compare(subject, reference, data, steps);
  const { evaluation, value, drop, layers, diagnostics } = comparison;
  if (folder !== undefined) await writeReport(folder, { subject, comparison, inputs: [path, other] }, context);
  context.report(diagnostics);
  const document: Document = { ...evaluation, against: { value, drop, layers }, diagnostics };
  context.result(document, await comparisonText(comparison, other));
}

const reportNeedsFloat = new RequestError(
  "evaluate.report-needs-float",
  "--report tells how a quantized model differs from a float one",
  { hint: "give the quantized model first, and the float one with --against" },
);

interface Compared {
  readonly subject: OpenedModel;
  readonly comparison: Comparison;
  readonly inputs: readonly string[];
}

async function writeReport(
  folder: string,
  { subject, comparison, inputs }: Compared,
  { signal }: Context,
): Promise<void> {
  const { comparisonReport } = await import("@millrace/toolkit");
  const files = await reportFiles(folder, comparisonReport(subject.model, subject, comparison));
  await writeOutputs(files, { inputs, signal, folder });
}

interface OpenedModel extends Runnable {
  readonly model: LoadedModel;
}

async function opened(
  path: string,
  options: Options,
  { signal, report }: Context,
  engine?: EngineName,
): Promise<OpenedModel> {
  const { isQuantized, load, prepare } = await import("@millrace/toolkit");
  const source = readModel(path);
  const model = load(source, loadOptionsOf(options));
  report(model.diagnostics);
  const runsItself = engine !== undefined && runsTflite(engine) && isTfliteName(path);
  const graph = isQuantized(model.graph) || runsItself ? model.graph : prepare(model).graph;
  const { threads } = options;
  const engineOptions = { ...kernelOptionsOf(options, engine), signal, source, report, threads };
  return { model, graph, engine: await (engine ? engineOf(engine, engineOptions) : engineFor(graph, engineOptions)) };
}

function stepsOf({ signal, progress }: Context) {
  return { signal, progress };
}

/** The data with at most `most` test samples, spread evenly. */
function limited(data: Dataset, most = Number.POSITIVE_INFINITY): Dataset {
  const { calibration, test } = data.split;
  if (test.length <= most) return data;
  const chosen = Array.from({ length: most }, (_, index) => test[Math.floor((index * test.length) / most)]);
  return { ...data, split: { calibration, test: chosen } };
}

const shownLayers = 10;

async function accuracyLine({ metric, samples, value }: Evaluation): Promise<string> {
  const { formatMetric } = await import("@millrace/toolkit");
  return `${metric}  ${formatMetric(metric, value)} on ${samples} samples`;
}

async function comparisonText({ evaluation, value, drop, layers }: Comparison, other: string): Promise<string> {
  const { formatDecibels, formatMetric } = await import("@millrace/toolkit");
  const { metric } = evaluation;
  const lines = [
    await accuracyLine(evaluation),
    `against ${printable(other)}  ${formatMetric(metric, value)}, drop ${formatMetric(metric, drop)}`,
  ];
  const noisiest = [...layers].sort((a, b) => a.sqnrDb! - b.sqnrDb!).slice(0, shownLayers);
  if (noisiest.length > 0) {
    lines.push("", `Noisiest of ${layers.length} layers (signal to quantization noise)`);
    lines.push(columns(noisiest.map(({ name, sqnrDb }) => [formatDecibels(sqnrDb!), printable(name)])));
  }
  return lines.join("\n");
}
