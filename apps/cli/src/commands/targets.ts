import { Command } from "commander";
import type { CommonOptions, Run } from "../context.ts";
import { fileTargets } from "../machine-options.ts";
import { withExamples } from "../options.ts";
import { columns } from "../terminal.ts";

/** What runs the files of each format. */
const runtimes = {
  tflite: "a file for TensorFlow Lite runtimes",
  onnx: "a file for onnxruntime and others",
  pte: "a program for ExecuTorch",
} as const satisfies Readonly<Record<(typeof fileTargets)[number], string>>;

export function targetsCommand(run: Run): Command {
  const command = new Command("targets")
    .description("List what models can be compiled for; with --json, machines as a description of your own has to be")
    .action((options: CommonOptions) =>
      run(options, async (context) => {
        const { allMachines, formatBytes } = await import("@millrace/toolkit");
        const rows = allMachines.map(({ name, title, clockMHz, array, memory, modes, basis }) => [
          name,
          title,
          `${array.cores * array.pipelines * array.lanes} MAC/cycle`,
          `${clockMHz} MHz`,
          formatBytes(memory.bytes),
          Object.keys(modes).join(", "),
          basis,
        ]);
        const head = ["target", "what it is", "array", "clock", "memory", "modes", "predictions rest on"];
        const formats = fileTargets.map((name) => [name, runtimes[name]]);
        context.result({ formats: fileTargets, machines: allMachines }, columns([head, ...formats, ...rows]));
      }),
    );
  return withExamples(command, ["targets", "targets --json"]);
}
