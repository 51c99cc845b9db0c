import type { Explanation, IoLayout, TargetFormat } from "@millrace/toolkit";
import { Command, Option } from "commander";
import type { CommonOptions, Run } from "../context.ts";
import { loadOptionsOf, readModel, type ShapeOptions } from "../model-file.ts";
import { withExamples, withLayoutOption, withShapeOptions } from "../options.ts";
import { columns, printable } from "../terminal.ts";

interface Options extends CommonOptions, ShapeOptions {
  readonly target: TargetFormat;
  readonly ioLayout?: IoLayout;
}

export function explainCommand(run: Run): Command {
  const command = new Command("explain")
    .description("Say node by node what becomes of a model, and why transposes and unsupported nodes stay")
    .argument("<model>", "model file: .onnx or .tflite")
    .addOption(
      new Option("--target <target>", "what the model is converted for").choices(["tflite", "onnx"]).default("tflite"),
    )
    .action((path: string, options: Options) =>
      run(options, async (context) => {
        const { explain, load } = await import("@millrace/toolkit");
        const { target, ioLayout } = options;
        const model = load(readModel(path), loadOptionsOf(options));
        const explanation = explain(model, { to: target, ...(ioLayout && { ioLayout }) });
        context.report(explanation.diagnostics);
        context.result({ target, ...explanation }, describe(explanation));
      }),
    );
  return withExamples(withLayoutOption(withShapeOptions(command)), [
    "explain model.onnx --target tflite",
    "explain model.onnx --target tflite --io-layout source --json",
  ]);
}

function describe({ nodes, transposes, boundary }: Explanation): string {
  const left = nodes.filter(({ unit }) => unit === "none");
  const noted = nodes.filter(({ unit, reasons }) => unit === "cpu" && reasons.length > 0);
  return [
    `${nodes.length} nodes: ${nodes.length - left.length} on the CPU, ${left.length} that the target can't express`,
    ...boundary.map(({ kind, name }) => `  ${kind} ${printable(name)} became channel-last`),
    "",
    transposes.length === 0 ? "No transposes" : "Transposes that stay",
    columns(transposes.map(({ node, reason }) => [printable(node), printable(reason)])),
    "",
    "Decisions",
    columns(
      [...left, ...noted].flatMap(({ name, op, reasons }) =>
        reasons.map((reason) => [printable(name), op, printable(reason)]),
      ),
    ),
  ].join("\n");
}
