import type { Explanation, IoLayout, Machine, NodeExplanation } from "@millrace/toolkit";
import { Command } from "commander";
import type { CommonOptions, Context, Run } from "../context.ts";
import { isFileTarget, type MachineOptions, machineFor, npuOptionsOf, withMachineOptions } from "../machine-options.ts";
import { loadOptionsOf, modelFile, readModel, type ShapeOptions } from "../model-file.ts";
import { withExamples, withLayoutOption, withShapeOptions } from "../options.ts";
import { columns, printable } from "../terminal.ts";

interface Options extends CommonOptions, ShapeOptions, MachineOptions {
  readonly target: string;
  readonly ioLayout?: IoLayout;
}

export function explainCommand(run: Run): Command {
  const command = new Command("explain")
    .description(
      "Say node by node what becomes of a model: where it runs, how, and why transposes and unsupported nodes stay",
    )
    .argument("<model>", modelFile)
    .option(
      "--target <target>",
      "what the model is for: tflite, onnx, pte, or a machine that `millrace targets` names",
      "tflite",
    )
    .action((path: string, options: Options) => run(options, (context) => explainModel(path, options, context)));
  return withExamples(withMachineOptions(withLayoutOption(withShapeOptions(command))), [
    "explain model.onnx --target tflite",
    "explain model.onnx --target tflite --io-layout source --json",
    "explain model.pt2 --target pte",
    "explain model_int8.tflite --target imxrt700",
  ]);
}

async function explainModel(path: string, options: Options, context: Context): Promise<void> {
  const { explain, load } = await import("@millrace/toolkit");
  const { target, ioLayout } = options;
  const machine = await machineFor(target, options);
  const npu = machine && (await npuOptionsOf(machine, options));
  const to = isFileTarget(target) ? target : "tflite";
  const model = load(readModel(path), loadOptionsOf(options));
  const explanation = explain(model, {
    to,
    ...(ioLayout && { ioLayout }),
    ...(machine && { machine }),
    ...(npu && { npu }),
    ...(options.cpuKernels && { kernels: options.cpuKernels }),
  });
  context.report(explanation.diagnostics);
  const prediction = machine && { machine: { title: machine.title, basis: `simulated, with ${machine.basis}` } };
  context.result({ target, ...prediction, ...explanation }, describe(explanation, machine));
}

function describe({ nodes, transposes, boundary }: Explanation, machine: Machine | undefined): string {
  const left = nodes.filter(({ unit }) => unit === "none");
  const decided = [...left, ...nodes.filter(({ unit, reasons }) => unit !== "none" && reasons.length > 0)];
  const count = (unit: NodeExplanation["unit"]) => nodes.filter((node) => node.unit === unit).length;
  const units = [...(machine ? [`${count("npu")} on the NPU`] : []), `${count("cpu")} on the CPU`].join(", ");
  return [
    `${nodes.length} nodes: ${units}, ${left.length} that the target can't express`,
    ...boundary.map(({ kind, name }) => `  ${kind} ${printable(name)} became channel-last`),
    "",
    ...(machine ? mappingTable(nodes, machine) : []),
    ...section(
      transposes.length === 0 ? "No transposes" : "Transposes that stay",
      transposes.map(({ node, reason }) => [node, reason]),
    ),
    "",
    ...section(
      decided.length === 0 ? "No decisions" : "Decisions",
      decided.flatMap(({ name, op, reasons }) => reasons.map((reason) => [name, op, reason])),
    ),
  ].join("\n");
}

function section(title: string, rows: readonly (readonly string[])[]): readonly string[] {
  return rows.length === 0 ? [title] : [title, columns(rows.map((row) => row.map(printable)))];
}

function mappingTable(nodes: readonly NodeExplanation[], { title, basis }: Machine): readonly string[] {
  const rows = nodes.flatMap(({ name, op, unit, mapping }) => {
    if (mapping === undefined) return [];
    const { commands, cycles, us, boundBy = "" } = mapping;
    const given = Object.entries(commands).map(([kind, count]) => `${kind} ${count}`);
    return [[unit, Math.round(cycles), us.toFixed(1), boundBy, given.join(", ") || "none", op, printable(name)]];
  });
  const head = ["unit", "cycles", "µs", "bound by", "commands", "operator", "name"];
  return [`Predicted for ${title}, simulated, with ${basis}`, columns([head, ...rows]), ""];
}
