import type { Machine, NpuOptions, ProcessorKernels, TargetFormat, WeightPlacement } from "@millrace/toolkit";
import { type Command, InvalidArgumentError, Option } from "commander";
import { jsonFile } from "./json-file.ts";
import { parseCount } from "./options.ts";
import { RequestError } from "./request-error.ts";

/** How a model is compiled for a machine. */
export interface MachineOptions {
  readonly machine?: string;
  readonly mode?: string;
  readonly weights?: WeightPlacement;
  readonly schedule?: keyof typeof schedules;
  readonly keepOnCpu?: readonly string[];
  readonly cpuKernels?: ProcessorKernels;
  readonly level?: "fast" | "optimal";
  /** Seconds for each program. */
  readonly timeLimit?: number;
}

/** What each schedule makes use of. */
const schedules = {
  plain: { overlapCopies: false, joinRows: false, mapByLine: false },
  tuned: { overlapCopies: true, joinRows: true, mapByLine: true },
} satisfies Readonly<Record<string, NpuOptions>>;

const kernels = ["integer", "portable", "optimized"] as const satisfies readonly ProcessorKernels[];

/** Adds the options that say how a model is compiled for a machine. */
export function withMachineOptions(command: Command): Command {
  return command
    .option("--machine <file>", "description of a machine of your own, as targets --json prints them")
    .option("--mode <mode>", "how the machine starts its work (default: the machine's first)")
    .addOption(
      new Option(
        "--weights <place>",
        "where weights are when a model begins to run (default: automatic, memory if they fit)",
      ).choices(["automatic", "memory", "storage"]),
    )
    .addOption(
      new Option(
        "--schedule <schedule>",
        "plain is what vendors' runtimes do; tuned joins rows of convolutions and copies weights while the array computes (default: plain)",
      ).choices(Object.keys(schedules)),
    )
    .option(
      "--keep-on-cpu <names>",
      "layers or operators that the processor computes although the array could, as NAME,NAME; * stands for any characters; may be repeated",
      collectNames,
    )
    .addOption(
      new Option(
        "--cpu-kernels <kernels>",
        "of the processor beside the array: TensorFlow Lite Micro's in integers, or ExecuTorch's, which quantize portably or optimised (default: portable for .pte, else integer)",
      ).choices(kernels),
    )
    .addOption(
      new Option(
        "--level <level>",
        "fast schedules by rules, optimal has a solver search for what stays in memory and when the rest is copied (default: fast)",
      ).choices(["fast", "optimal"]),
    )
    .option(
      "--time-limit <seconds>",
      `with --level optimal: how long to search, for each program (default: ${defaultSeconds})`,
      parseCount,
    );
}

/** Targets that are files, on which nothing runs by itself. */
export const fileTargets = ["tflite", "onnx", "pte"] as const satisfies readonly TargetFormat[];

export function isFileTarget(target: string): target is TargetFormat {
  return (fileTargets as readonly string[]).includes(target);
}

/** The machine of a target's name, or of the file that describes it; undefined for a file format, with which no options of a machine may be given. */
export async function machineFor(target: string, options: MachineOptions): Promise<Machine | undefined> {
  const { machineOf, parseMachine } = await import("@millrace/toolkit");
  if (options.machine !== undefined) {
    const machine = parseMachine(
      jsonFile(options.machine, "machine.no-json", "give a description as targets --json prints it"),
    );
    if (machine.name === target) return machine;
    throw new RequestError("machine.other-name", `${options.machine} describes ${machine.name}, not ${target}`, {
      hint: `give --target ${machine.name}`,
    });
  }
  if (!isFileTarget(target)) return machineOf(target);
  requireNoMachineOptions(options, `--target ${target} is a file format`);
  return undefined;
}

/** Refuses options of a machine where there is none to heed them; `why` tells why. */
export function requireNoMachineOptions(options: MachineOptions, why: string): void {
  const given = Object.entries(machineFlags).find(([name]) => options[name as keyof MachineOptions] !== undefined);
  if (given === undefined) return;
  throw new RequestError("machine.no-machine", `${given[1]} is for a machine, and ${why}`, {
    hint: "give --target with a machine that `millrace targets` names, or leave the option out",
  });
}

const machineFlags = {
  machine: "--machine",
  mode: "--mode",
  weights: "--weights",
  schedule: "--schedule",
  keepOnCpu: "--keep-on-cpu",
  cpuKernels: "--cpu-kernels",
  level: "--level",
  timeLimit: "--time-limit",
} as const satisfies Readonly<Record<keyof MachineOptions, string>>;

const defaultSeconds = 10;

/** What the options ask of the compiler. Throws a RequestError for a mode that the machine does not have, and for a time limit of nothing. */
export async function npuOptionsOf({ modes, title }: Machine, options: MachineOptions): Promise<NpuOptions> {
  const { mode, weights, schedule, keepOnCpu, level, timeLimit } = options;
  if (mode !== undefined && !Object.hasOwn(modes, mode)) {
    throw new RequestError("machine.unknown-mode", `${title} has no mode ${mode}`, {
      hint: `take one of ${Object.keys(modes).join(", ")}`,
    });
  }
  if (timeLimit !== undefined && level !== "optimal") {
    throw new RequestError("machine.no-search", "--time-limit is for a search, which only the level optimal makes", {
      hint: "give --level optimal too, or leave --time-limit out",
    });
  }
  return {
    ...(mode && { mode }),
    ...(weights && { weights }),
    ...(schedule && schedules[schedule]),
    ...(keepOnCpu && { keepOnProcessor: keepOnCpu }),
    ...(level === "optimal" && { optimal: await optimalLevel(timeLimit) }),
  };
}

function collectNames(text: string, previous: readonly string[] = []): readonly string[] {
  const names = text.split(",");
  if (names.includes("")) throw new InvalidArgumentError("It has to be names with commas between them.");
  return [...previous, ...names];
}

async function optimalLevel(seconds = defaultSeconds): Promise<NpuOptions["optimal"]> {
  const { loadSolver } = await import("@millrace/toolkit");
  return { solver: await loadSolver(), seconds };
}
