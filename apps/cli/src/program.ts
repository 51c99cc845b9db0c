import { Command } from "commander";
import manifest from "../package.json" with { type: "json" };
import { compileCommand } from "./commands/compile.ts";
import { convertCommand } from "./commands/convert.ts";
import { disasmCommand } from "./commands/disasm.ts";
import { evaluateCommand } from "./commands/evaluate.ts";
import { explainCommand } from "./commands/explain.ts";
import { inspectCommand } from "./commands/inspect.ts";
import { planCommand } from "./commands/plan.ts";
import { profileCommand } from "./commands/profile.ts";
import { quantizeCommand } from "./commands/quantize.ts";
import { runCommand } from "./commands/run.ts";
import { targetsCommand } from "./commands/targets.ts";
import type { Run } from "./context.ts";

const commands = [
  inspectCommand,
  convertCommand,
  quantizeCommand,
  runCommand,
  evaluateCommand,
  compileCommand,
  profileCommand,
  explainCommand,
  planCommand,
  targetsCommand,
  disasmCommand,
];

/** The command line; its commands do their work by `run`. Parsing throws a CommanderError instead of ending the process. */
export function createProgram(run: Run): Command {
  const program = new Command("millrace")
    .description("Takes a trained model to milliseconds on an edge device.")
    .version(manifest.version)
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ outputError: () => undefined });
  for (const create of commands) {
    const command = create(run).option("--json", "print one JSON document on standard output");
    program.addCommand(command.copyInheritedSettings(program));
  }
  return program;
}
