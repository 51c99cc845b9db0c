import { basename } from "node:path";
import type { ExternalCompiler, ExternalCompilerName, ExternalOptions } from "@millrace/toolkit";
import { type Command, InvalidArgumentError } from "commander";
import { parseCount } from "./options.ts";
import { RequestError } from "./request-error.ts";

/** Which vendor's compiler works on the integer model in the end. */
export interface ExternalCompilerOptions {
  readonly external?: string;
  readonly externalTarget?: string;
  readonly externalLimit: number;
}

interface ExternalRequest extends ExternalCompilerOptions {
  readonly target: string;
  /** Scheme of the file that it will be given, where that is known. */
  readonly scheme: string | undefined;
}

/** Adds the options that have a vendor's compiler work on the integer model. */
export function withExternalOptions(command: Command): Command {
  return command
    .option(
      "--external <compiler>",
      "have neutron-converter or vela, found on the PATH or given by its path, compile the integer .tflite too",
    )
    .option(
      "--external-target <name>",
      "what --external compiles for, in its words (default: the target for neutron-converter, ethos-u55-128 for vela)",
      parseTarget,
    )
    .option("--external-limit <seconds>", "time after which --external is ended", parseLimit, 300);
}

/**
 * Finds the compiler that the options name, before any work. Undefined where none is asked for. Throws `tool.not-found`, which says where it
 * looked, `external.scheme`, and RequestError `external.unknown` or `external.no-target`.
 */
export async function externalFor(
  { target, scheme, external, externalTarget, externalLimit: seconds }: ExternalRequest,
  signal: AbortSignal,
): Promise<ExternalOptions | undefined> {
  if (external === undefined) return undefined;
  const { externalCompilers, requireScheme } = await import("@millrace/toolkit");
  const names = Object.keys(externalCompilers) as ExternalCompilerName[];
  const compiler = names.find((name) => basename(external).startsWith(name));
  if (compiler === undefined) {
    throw new RequestError("external.unknown", `${external} is no compiler that is known`, {
      hint: `give ${names.join(" or ")}, or the path of one`,
    });
  }
  if (scheme !== undefined) requireScheme(compiler, scheme);
  const { defaultTarget, origin }: ExternalCompiler = externalCompilers[compiler];
  const { findExecutable, runTool } = await import("@millrace/devices/node");
  const hint = `${origin}: put its folder on the PATH, or give --external FOLDER/${compiler}`;
  const executable = await findExecutable(external, hint);
  return {
    compiler,
    target: externalTarget ?? defaultTarget ?? machineTarget(target, compiler),
    run: (job) => runTool(executable, job, { seconds, signal }),
  };
}

function machineTarget(target: string, compiler: string): string {
  if (target !== "tflite") return target;
  throw new RequestError("external.no-target", `${compiler} has to know what it compiles for`, {
    hint: "give --external-target NAME, or a machine as --target",
  });
}

const longestLimit = 86_400;

function parseLimit(text: string): number {
  const seconds = parseCount(text);
  if (seconds > longestLimit) throw new InvalidArgumentError(`It can't be more than ${longestLimit}.`);
  return seconds;
}

function parseTarget(text: string): string {
  if (/^[A-Za-z0-9][\w.-]{0,63}$/.test(text)) return text;
  throw new InvalidArgumentError("It has to be letters, digits, dots, lines and dashes.");
}
