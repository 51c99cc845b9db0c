import { Command } from "commander";
import type { CommonOptions, Run } from "../context.ts";
import { readModel } from "../model-file.ts";
import { withExamples } from "../options.ts";
import { printableLines } from "../terminal.ts";

export function disasmCommand(run: Run): Command {
  const command = new Command("disasm")
    .description("Print the command streams of a compiled model")
    .argument("<file>", "a .tflite or .pte file that was compiled for a machine, or the bytes of one command stream")
    .action((path: string, options: CommonOptions) =>
      run(options, async (context) => {
        const { disassemblyOf } = await import("@millrace/toolkit");
        const text = disassemblyOf(readModel(path));
        context.result({ text }, printableLines(text));
      }),
    );
  return withExamples(command, ["disasm out/model_imxrt700.tflite", "disasm out/model_imxrt700.pte"]);
}
