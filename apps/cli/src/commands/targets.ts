import { Command } from "commander";
import type { CommonOptions, Run } from "../context.ts";
import { withExamples } from "../options.ts";
import { columns } from "../terminal.ts";

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
        const format = ["tflite", "a file for TensorFlow Lite runtimes"];
        context.result({ formats: ["tflite"], machines: allMachines }, columns([head, format, ...rows]));
      }),
    );
  return withExamples(command, ["targets", "targets --json"]);
}
