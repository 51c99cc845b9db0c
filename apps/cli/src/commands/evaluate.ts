import type { Dataset, Evaluation, Runnable } from "@millrace/toolkit";
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
  withKernelOptions,
} from "../engines.ts";
import { loadOptionsOf, readModel, type ShapeOptions } from "../model-file.ts";
import { parseCount, parseThreads, withExamples, withShapeOptions } from "../options.ts";
import { columns, printable } from "../terminal.ts";

interface Options extends CommonOptions, ShapeOptions, KernelOptions {
  readonly data?: string;
  readonly against?: string;
  readonly samples?: number;
  readonly engine?: EngineName;
}

/** What another model reaches, by how much the first is worse, and where integer results leave that model's float ones. */
interface Comparison {
  readonly value: number;
  readonly drop: number;
  readonly layers: readonly { readonly name: string; readonly sqnrDb: number }[];
}

type Document = Evaluation & { readonly against?: Comparison };

export function evaluateCommand(run: Run): Command {
  const command = new Command("evaluate")
    .description("Measure a model's accuracy by the data's metric")
    .argument("<model>", "model file: .onnx or .tflite")
    .option("--data <data>", dataDescription)
    .option("--against <model>", "another model, to tell the drop and where layers differ")
    .option("--samples <count>", "most test samples to use (default: all)", parseCount)
    .addOption(
      new Option("--engine <engine>", "what computes the model (default: by its numbers)").choices(engineNames),
    )
    .option("--threads <count>", "run samples in so many threads (reference and wasm; default: 1)", parseThreads)
    .action((path: string, options: Options) => run(options, (context) => evaluateModel(path, options, context)));
  return withExamples(withKernelOptions(withShapeOptions(command)), [
    "evaluate model.tflite --data samples/",
    "evaluate model_int8.tflite --data samples/ --against model.onnx",
    "evaluate model.onnx --data samples.npz --samples 200 --json",
  ]);
}

async function evaluateModel(path: string, options: Options, context: Context): Promise<void> {
  requireData(options.data, "evaluation");
  const { evaluate } = await import("@millrace/toolkit");
  const subject = await runnable(path, options, context, options.engine);
  const reference = options.against === undefined ? undefined : await runnable(options.against, options, context);
  const data = limited(await openData(options.data, "evaluation"), options.samples);
  const result = await evaluate(subject, data, { ...stepsOf(context), ...(reference && { reference }) });
  const document: Document = reference
    ? { ...result, against: await compare(result, subject, reference, data, context) }
    : result;
  context.result(document, await describe(document, options.against));
}

async function runnable(
  path: string,
  options: Options,
  { signal, report }: Context,
  engine?: EngineName,
): Promise<Runnable> {
  const { isQuantized, load, prepare } = await import("@millrace/toolkit");
  const source = readModel(path);
  const model = load(source, loadOptionsOf(options));
  report(model.diagnostics);
  const runsItself = engine !== undefined && runsTflite(engine) && isTfliteName(path);
  const graph = isQuantized(model.graph) || runsItself ? model.graph : prepare(model).graph;
  const { threads } = options;
  const engineOptions = { ...kernelOptionsOf(options, engine), signal, source, report, threads };
  return { graph, engine: await (engine ? engineOf(engine, engineOptions) : engineFor(graph, engineOptions)) };
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

async function compare(
  result: Evaluation,
  subject: Runnable,
  reference: Runnable,
  data: Dataset,
  context: Context,
): Promise<Comparison> {
  const { evaluate, isQuantized, layerErrors, metrics } = await import("@millrace/toolkit");
  const { needsReference, higherIsBetter } = metrics[data.metric];
  const steps = stepsOf(context);
  const { value } = await evaluate(reference, data, { ...steps, ...(needsReference && { reference }) });
  const comparable = isQuantized(subject.graph) && !isQuantized(reference.graph);
  const errors = comparable ? await layerErrors(reference, subject, data, steps) : [];
  const drop = higherIsBetter ? value - result.value : result.value - value;
  return { value, drop, layers: errors.filter(({ sqnrDb }) => Number.isFinite(sqnrDb)) };
}

const shownLayers = 10;

async function describe({ metric, samples, value, against }: Document, other = ""): Promise<string> {
  const { formatDecibels, formatMetric } = await import("@millrace/toolkit");
  const lines = [`${metric}  ${formatMetric(metric, value)} on ${samples} samples`];
  if (against === undefined) return lines[0];
  lines.push(
    `against ${printable(other)}  ${formatMetric(metric, against.value)}, drop ${formatMetric(metric, against.drop)}`,
  );
  const noisiest = [...against.layers].sort((a, b) => a.sqnrDb - b.sqnrDb).slice(0, shownLayers);
  if (noisiest.length > 0) {
    lines.push("", `Noisiest of ${against.layers.length} layers (signal to quantization noise)`);
    lines.push(columns(noisiest.map(({ name, sqnrDb }) => [formatDecibels(sqnrDb), printable(name)])));
  }
  return lines.join("\n");
}
