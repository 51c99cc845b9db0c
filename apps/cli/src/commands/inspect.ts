import type { Dialect, ModelInfo } from "@millrace/toolkit";
import { Command, Option } from "commander";
import type { CommonOptions, Context, Run } from "../context.ts";
import { dataDescription, openData } from "../data.ts";
import { engineOf } from "../engines.ts";
import {
  type MachineOptions,
  machineFor,
  npuOptionsOf,
  requireNoMachineOptions,
  withMachineOptions,
} from "../machine-options.ts";
import { loadOptionsOf, modelFile, readModel, type ShapeOptions } from "../model-file.ts";
import { withExamples, withShapeOptions } from "../options.ts";
import { RequestError } from "../request-error.ts";
import { columns, printable, printableLines } from "../terminal.ts";

interface Options extends CommonOptions, ShapeOptions, MachineOptions {
  readonly dialect?: Dialect;
  readonly target?: string;
  readonly data?: string;
}

const dialects = ["aten", "edge", "backend"] as const satisfies readonly Dialect[];

export function inspectCommand(run: Run): Command {
  const command = new Command("inspect")
    .description("Show what a model is: inputs, outputs, operators, size, quantization")
    .argument("<model>", modelFile)
    .addOption(
      new Option(
        "--dialect <dialect>",
        "print the graph as torch.export's operators, as ExecuTorch's Edge operators, or with the parts that a machine computes",
      ).choices(dialects),
    )
    .option("--target <machine>", "with --dialect backend: the machine, which `millrace targets` names")
    .option("--data <data>", `with --dialect backend, for a float model: ${dataDescription}`)
    .action((path: string, options: Options) =>
      run(options, async (context) => {
        requireUseOfOptions(options);
        if (options.dialect !== undefined) return showDialect(path, { ...options, dialect: options.dialect }, context);
        const { inspectFile } = await import("@millrace/toolkit");
        const { info, diagnostics } = inspectFile(readModel(path), loadOptionsOf(options));
        context.report(diagnostics);
        context.result({ ...info, diagnostics }, await describe(info));
      }),
    );
  return withExamples(withMachineOptions(withShapeOptions(command)), [
    "inspect model.onnx",
    "inspect model.tflite --json",
    "inspect model.onnx --dim batch=1",
    "inspect model.pt2 --dialect aten",
    "inspect model.pt2 --dialect edge --json",
    "inspect model_int8.tflite --dialect backend --target imxrt700",
    "inspect model.pt2 --dialect backend --target imxrt700 --data samples/",
  ]);
}

/** Refuses what would be left out without a word. */
function requireUseOfOptions({ dialect, target, data, shape, dim, ...options }: Options): void {
  if (dialect === "backend") return;
  requireNoMachineOptions(options, "only --dialect backend shows one");
  const unused = [
    ["--target", target],
    ["--data", data],
    ["--shape", dialect === "aten" ? shape : undefined],
    ["--dim", dialect === "aten" ? dim : undefined],
  ].find(([, value]) => value !== undefined);
  if (unused === undefined) return;
  throw new RequestError("dialect.unused-option", `${unused[0]} changes nothing of what is shown`, {
    hint:
      dialect === "aten"
        ? "leave it out: the ATen dialect is what the file has"
        : "leave it out, or give --dialect backend",
  });
}

async function showDialect(path: string, options: Options & { dialect: Dialect }, context: Context): Promise<void> {
  const { dialect, target, data } = options;
  const machine = target === undefined ? undefined : await machineFor(target, options);
  if ((dialect === "backend") !== (machine !== undefined)) {
    throw new RequestError("dialect.target", "--dialect backend and --target with a machine go together", {
      hint: "give --dialect backend --target NAME, with a name that `millrace targets` lists",
    });
  }
  const { dialectView } = await import("@millrace/toolkit");
  const view = await dialectView(readModel(path), dialect, {
    ...loadOptionsOf(options),
    ...(machine && { machine, npu: await npuOptionsOf(machine, options) }),
    ...(options.cpuKernels && { kernels: options.cpuKernels }),
    ...(data !== undefined && {
      data: await openData(data, "quantizing"),
      floatEngine: await engineOf("onnxruntime", { signal: context.signal }),
    }),
    signal: context.signal,
    progress: context.progress,
  });
  context.report(view.diagnostics);
  const { text, ...document } = view;
  context.result(document, printableLines(text));
}

async function describe(info: ModelInfo): Promise<string> {
  const { formatBytes, formatCount } = await import("@millrace/toolkit");
  const count = Object.values(info.operators).reduce((sum, number) => sum + number, 0);
  const kind = info.quantized ? "quantized" : "float";
  const open = info.inputs.flatMap(({ shape }) => shape.filter((size) => typeof size === "string"));
  const work =
    info.macs === 0 && open.length > 0 ? `unknown (--dim ${printable(open[0])}=1 tells)` : formatCount(info.macs);
  return [
    `${printable(info.source)}  ${info.format}, ${kind}, ${formatBytes(info.bytes)}`,
    `  ${work} multiply-accumulates, ${formatCount(info.parameters)} parameters, ${formatCount(count)} operators`,
    "",
    boundary("Inputs", info.inputs),
    "",
    boundary("Outputs", info.outputs),
    "",
    "Operators",
    columns(Object.entries(info.operators).map(([name, number]) => [number, printable(name)])),
  ].join("\n");
}

function boundary(title: string, values: ModelInfo["inputs"]): string {
  const rows = values.map(({ name, dtype, shape, scale, zeroPoint, bounds = {} }, index) => [
    index,
    printable(name),
    dtype,
    `[${shape.map((size) => printable(String(size))).join(", ")}]`,
    scale === undefined ? "" : `scale ${Number(scale.toPrecision(6))}, zero point ${zeroPoint}`,
    ...Object.entries(bounds).map(
      ([symbol, { minimum, maximum }]) => `${printable(symbol)} from ${minimum} to ${maximum}`,
    ),
  ]);
  return `${title}\n${columns(rows)}`;
}
