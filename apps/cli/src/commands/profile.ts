import { join } from "node:path";
import type { LoadedModel, OperatorTime, Report } from "@millrace/toolkit";
import { Command, Option } from "commander";
import type { CommonOptions, Context, Run } from "../context.ts";
import { dataDescription, openData } from "../data.ts";
import {
  createEngine,
  type EngineName,
  engineNames,
  isTfliteName,
  type KernelOptions,
  kernelOptionsOf,
  runsTflite,
  withKernelOptions,
} from "../engines.ts";
import {
  type MachineOptions,
  machineFor,
  npuOptionsOf,
  requireNoMachineOptions,
  withMachineOptions,
} from "../machine-options.ts";
import { loadOptionsOf, modelFile, readModel, type ShapeOptions } from "../model-file.ts";
import { parseCount, withExamples, withShapeOptions } from "../options.ts";
import { checkOutput, checkOutputFolder, writeOutputs } from "../output-files.ts";
import { reportFiles } from "../report-files.ts";
import { RequestError } from "../request-error.ts";
import { columns, printable, printableLines } from "../terminal.ts";

interface Options extends CommonOptions, ShapeOptions, KernelOptions, MachineOptions {
  readonly target?: string;
  readonly trace?: string;
  readonly device: "host";
  readonly engine: EngineName;
  readonly runs: number;
  readonly warmup: number;
  readonly data?: string;
  readonly output?: string;
}

export function profileCommand(run: Run): Command {
  const command = new Command("profile")
    .description("Measure how long a model takes on a device, operator by operator, and the memory it needs")
    .argument("<model>", modelFile)
    .addOption(new Option("--device <device>", "where it runs: host is this machine").choices(["host"]).default("host"))
    .addOption(new Option("--engine <engine>", "what computes").choices(engineNames).default("wasm"))
    .option("--runs <count>", "inferences to measure", parseCount, 10)
    .option("--warmup <count>", "inferences before them", parseWarmup, 1)
    .option("--data <data>", `${dataDescription} (default: pseudo-random numbers)`)
    .option("-o, --output <folder>", "folder for report.json and report.html")
    .option("--target <machine>", "predict the time on a machine that `millrace targets` names, instead of measuring")
    .option("--trace <file>", "with --target: a timeline in Chrome's trace format")
    .action((path: string, options: Options) =>
      run(options, (context) =>
        options.target === undefined
          ? profileModel(path, options, context)
          : predictModel(path, { ...options, target: options.target }, context),
      ),
    );
  return withExamples(withMachineOptions(withKernelOptions(withShapeOptions(command))), [
    "profile model_int8.tflite --target imxrt700 --trace timeline.json",
    "profile model.onnx --target imxrt700 --cpu-kernels portable",
    "profile model_int8.tflite --target imxrt700 --weights storage --schedule tuned --level optimal --time-limit 30",
    "profile out/model_imxrt700.pte --target imxrt700",
    "profile model_int8.tflite --device host",
    "profile model.onnx --engine onnxruntime --runs 50 --warmup 5 --json",
    "profile model_int8.tflite --engine litert --data samples/ -o report/",
  ]);
}

function parseWarmup(text: string): number {
  return text === "0" ? 0 : parseCount(text);
}

/** Measures on this machine, to which a description of another one says nothing. */
async function profileModel(path: string, options: Options, context: Context): Promise<void> {
  if (options.machine !== undefined)
    throw new RequestError("target.missing", `${options.machine} is given, and no --target that it describes`, {
      hint: "give the name in the description as --target NAME, or leave --machine out to measure on this machine",
    });
  requireNoMachineOptions(options, "without --target this one is measured");
  if (options.trace !== undefined)
    throw new RequestError("target.missing", "--trace draws what a machine does, and no --target names one", {
      hint: "give --target with a machine that `millrace targets` names, or leave --trace out",
    });
  const { device, engine: name, runs, warmup, output: folder } = options;
  const kernelOptions = kernelOptionsOf(options, name);
  if (folder !== undefined) await checkOutputFolder(folder);
  const { load, profile } = await import("@millrace/toolkit");
  const { signal, progress, report } = context;
  const source = readModel(path);
  const model = load(source, loadOptionsOf(options));
  await makeReady(model, name);
  const data = options.data === undefined ? undefined : await openData(options.data, "profiling");
  const engine = await createEngine(name, { ...kernelOptions, signal, source, report });
  const result = await profile(model, { engine, device, runs, warmup, signal, progress, ...(data && { data }) });
  if (folder !== undefined) await writeOutputs(await reportFiles(folder, result), { inputs: [path], signal, folder });
  report(result.diagnostics);
  context.result(result, await describe(result, folder));
}

/** Predicts an inference on a machine by simulation. */
async function predictModel(path: string, options: Options & { target: string }, context: Context): Promise<void> {
  const { target, output: folder, trace } = options;
  const machine = await machineFor(target, options);
  if (machine === undefined) {
    throw new RequestError("target.no-machine", `${target} is a file format, on which nothing runs by itself`, {
      hint: "give a machine that `millrace targets` names, or leave --target out to measure on this one",
    });
  }
  const npu = await npuOptionsOf(machine, options);
  if (folder !== undefined) await checkOutputFolder(folder);
  if (trace !== undefined) await checkOutput(trace, [path]);
  const { load, predict } = await import("@millrace/toolkit");
  const model = load(readModel(path), loadOptionsOf(options));
  const { signal, progress } = context;
  const { report, acceleration } = await predict(model, machine, {
    ...npu,
    ...(options.cpuKernels && { kernels: options.cpuKernels }),
    signal,
    progress,
  });
  const files = [
    ...(folder === undefined ? [] : await reportFiles(folder, report)),
    ...(trace === undefined
      ? []
      : [{ path: trace, bytes: new TextEncoder().encode(JSON.stringify(acceleration.trace)) }]),
  ];
  await writeOutputs(files, { inputs: [path], signal, ...(folder !== undefined && { folder }) });
  context.report(report.diagnostics);
  context.result(report, await describe(report, folder));
}

/** Brings a float graph into the layout that the engine computes in; a format's own runtime gets the file as it is. */
async function makeReady(model: LoadedModel, engine: EngineName): Promise<void> {
  const { isQuantized, prepare } = await import("@millrace/toolkit");
  if (isQuantized(model.graph) || (runsTflite(engine) && isTfliteName(model.name))) return;
  prepare(model, { ioLayout: engine === "onnxruntime" ? "source" : "nhwc" });
}

const shownOperators = 20;
const longestName = 60;

async function describe(report: Report, folder: string | undefined): Promise<string> {
  const { reportText } = await import("@millrace/toolkit");
  const operators = report.latency?.perOperator ?? [];
  return [
    printableLines(reportText(report)),
    ...(folder === undefined ? [] : [`report      ${printable(join(folder, "report.html"))}`]),
    ...(operators.length === 0 ? [] : ["", await kindTable(operators), "", await operatorTable(operators)]),
  ].join("\n");
}

async function kindTable(operators: readonly OperatorTime[]): Promise<string> {
  const { formatDuration, timeByKind } = await import("@millrace/toolkit");
  const rows = timeByKind(operators).map(({ op, count, us, share }) => [
    percent(share),
    formatDuration(us / 1000),
    count,
    printable(op),
  ]);
  return `Time by kind of operator\n${columns(rows)}`;
}

async function operatorTable(operators: readonly OperatorTime[]): Promise<string> {
  const { formatBytes, formatDuration, shareOf, totalTime } = await import("@millrace/toolkit");
  const total = totalTime(operators);
  const slowest = [...operators].sort((a, b) => b.us - a.us).slice(0, shownOperators);
  const rows = slowest.map(({ id, name, op, us, macs, readBytes, writeBytes }) => [
    id,
    percent(shareOf(us, total)),
    formatDuration(us / 1000),
    macs === 0 ? "" : `${(macs / us / 1000).toFixed(2)} GMAC/s`,
    formatBytes(readBytes),
    formatBytes(writeBytes),
    printable(op),
    shortened(printable(name)),
  ]);
  const rest = operators.length - slowest.length;
  return [
    `Slowest operators, of ${operators.length} in ${formatDuration(total / 1000)}`,
    columns([["id", "share", "time", "rate", "read", "written", "operator", "name"], ...rows]),
    ...(rest > 0 ? [`  and ${rest} more; --json gives all`] : []),
  ].join("\n");
}

function shortened(name: string): string {
  return name.length > longestName ? `${name.slice(0, longestName - 1)}…` : name;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`.padStart(7);
}
