import { basename, join } from "node:path";
import type { Diagnostic, Graph, LoadedModel, NamedOutput, Results, Tensor } from "@millrace/toolkit";
import { Command, Option } from "commander";
import type { CommonOptions, Context, Run } from "../context.ts";
import {
  type EngineName,
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
import { collect, withExamples, withShapeOptions } from "../options.ts";
import { checkOutput, checkOutputFolder, type OutputFile, writeOutputs } from "../output-files.ts";
import { RequestError } from "../request-error.ts";
import { readInputs } from "../run-inputs.ts";
import { columns, printable } from "../terminal.ts";

interface Options extends CommonOptions, ShapeOptions, KernelOptions {
  readonly input?: ReadonlyMap<string, string>;
  readonly output: string;
  readonly engine: EngineName;
  readonly real?: boolean;
}

export function runCommand(run: Run): Command {
  const command = new Command("run")
    .description("Run a model once on .npy arrays")
    .argument("<model>", modelFile)
    .option(
      "--input <name=file>",
      "array of an input by name or index, as NAME=X.npy; may be repeated",
      collect(String),
    )
    .requiredOption(
      "-o, --output <path>",
      "OUT.npy for the only output, or a folder for 0.npy, 1.npy … and outputs.json",
    )
    .addOption(new Option("--engine <engine>", "what computes").choices(engineNames).default("reference"))
    .option("--real", "give real numbers to quantized inputs, and get them from quantized outputs")
    .option(...targetOption)
    .action((path: string, options: Options) => run(options, (context) => runModel(path, options, context)));
  return withExamples(withKernelOptions(withShapeOptions(command)), [
    "run model.onnx --input image=x.npy -o y.npy",
    "run model_int8.tflite --input 0=x.npy -o y.npy --real",
    "run model.onnx --input ids=ids.npy --input mask=mask.npy -o outputs/ --engine onnxruntime",
    "run model_int8.tflite --input 0=x.npy -o y.npy --engine litert",
    "run model_int8.tflite --input 0=x.npy -o y.npy --rounding single --flavor tflm",
  ]);
}

async function runModel(path: string, options: Options, context: Context): Promise<void> {
  const toFile = options.output.toLowerCase().endsWith(".npy");
  const files = options.input ?? new Map<string, string>();
  const inputPaths = [path, ...files.values()];
  const kernelOptions = kernelOptionsOf(options, options.engine);
  await (toFile ? checkOutput(options.output, inputPaths) : checkOutputFolder(options.output));
  const { realOutputs, resultOutputs, run } = await import("@millrace/toolkit");
  const source = readModel(path);
  const { model, feeds } = await readInputs(source, files, { ...loadOptionsOf(options), real: options.real ?? false });
  if (toFile) requireOnlyOutput(resultOutputs(model.graph), options.output);
  const graph = await readyFor(options.engine, model);
  const diagnostics: Diagnostic[] = [];
  const report = (found: readonly Diagnostic[]) => diagnostics.push(...found);
  const engine = await engineOf(options.engine, { ...context, ...kernelOptions, source, report });
  const started = performance.now();
  const results = await run(graph, engine, feeds);
  const ms = performance.now() - started;
  const given = options.real ? realOutputs(graph, byValueName(resultOutputs(graph), results)) : results;
  const outputs = toFile
    ? [await arrayFile(options.output, [...given.values()][0])]
    : await folderFiles(options.output, given);
  const { signal } = context;
  await writeOutputs(outputs, { inputs: inputPaths, signal, ...(!toFile && { folder: options.output }) });
  const written = [...given].map(([name, { dtype, shape }], index) => ({
    name,
    dtype,
    shape,
    path: outputs[index].path,
  }));
  context.report(diagnostics);
  context.result({ engine: options.engine, ms, outputs: written, diagnostics }, await describe(written, ms));
}

/** The graph as it was read, or as it can be written for an engine of another format, with inputs and outputs as they were. */
async function readyFor(engine: EngineName, model: LoadedModel): Promise<Graph> {
  if (!runsTflite(engine) || isTfliteName(model.name)) return model.graph;
  const { prepare } = await import("@millrace/toolkit");
  return prepare(model, { ioLayout: "source" }).graph;
}

/** Results keyed as the graph calls them, which may differ from the names of its outputs. */
function byValueName(outputs: readonly NamedOutput[], results: Results): ReadonlyMap<string, Tensor> {
  return new Map(outputs.map(({ name, value }) => [value.name, results.get(name)!]));
}

function requireOnlyOutput({ length }: readonly NamedOutput[], output: string): void {
  if (length === 1) return;
  throw new RequestError("run.several-outputs", `the model has ${length} outputs, and ${output} can hold one`, {
    hint: "give a folder with -o, as in -o outputs/",
  });
}

async function arrayFile(path: string, tensor: Tensor): Promise<OutputFile> {
  const { npyOf } = await import("@millrace/toolkit");
  return { path, bytes: npyOf(tensor) };
}

async function folderFiles(folder: string, results: Results): Promise<readonly OutputFile[]> {
  const arrays = [...results.values()].map((tensor, index) => arrayFile(join(folder, `${index}.npy`), tensor));
  const names = new TextEncoder().encode(`${JSON.stringify([...results.keys()], null, 2)}\n`);
  return [...(await Promise.all(arrays)), { path: join(folder, "outputs.json"), bytes: names }];
}

async function describe(
  outputs: readonly {
    readonly name: string;
    readonly dtype: string;
    readonly shape: readonly number[];
    readonly path: string;
  }[],
  ms: number,
): Promise<string> {
  const { formatDuration } = await import("@millrace/toolkit");
  const rows = outputs.map(({ name, dtype, shape, path }) => [
    basename(path),
    printable(name),
    dtype,
    `[${shape.join(", ")}]`,
  ]);
  return `${columns(rows, "")}\nran in ${formatDuration(ms)}`;
}
