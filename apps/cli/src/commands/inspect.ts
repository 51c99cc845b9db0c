import type { ModelInfo } from "@millrace/toolkit";
import { Command } from "commander";
import type { CommonOptions, Run } from "../context.ts";
import { loadOptionsOf, readModel, type ShapeOptions } from "../model-file.ts";
import { withExamples, withShapeOptions } from "../options.ts";
import { columns, printable } from "../terminal.ts";

type Options = CommonOptions & ShapeOptions;

export function inspectCommand(run: Run): Command {
  const command = new Command("inspect")
    .description("Show what a model is: inputs, outputs, operators, size, quantization")
    .argument("<model>", "model file: .onnx, .tflite, .pt2 or .pte")
    .action((path: string, options: Options) =>
      run(options, async (context) => {
        const { inspectFile } = await import("@millrace/toolkit");
        const { info, diagnostics } = inspectFile(readModel(path), loadOptionsOf(options));
        context.report(diagnostics);
        context.result({ ...info, diagnostics }, await describe(info));
      }),
    );
  return withExamples(withShapeOptions(command), [
    "inspect model.onnx",
    "inspect model.tflite --json",
    "inspect model.onnx --dim batch=1",
  ]);
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
  const rows = values.map(({ name, dtype, shape, scale, zeroPoint }, index) => [
    index,
    printable(name),
    dtype,
    `[${shape.map((size) => printable(String(size))).join(", ")}]`,
    scale === undefined ? "" : `scale ${Number(scale.toPrecision(6))}, zero point ${zeroPoint}`,
  ]);
  return `${title}\n${columns(rows)}`;
}
