import { setImmediate as nextTurn } from "node:timers/promises";
import type { Diagnostic, Engine, Graph, ModelSource, ReferenceOptions, ThreadedOptions } from "@millrace/toolkit";
import { type Command, Option } from "commander";
import { parseCount } from "./options.ts";
import { RequestError } from "./request-error.ts";

export interface EngineOptions extends ReferenceOptions {
  readonly signal: AbortSignal;
  readonly progress?: (stage: string, done: number, total?: number) => void;
  /** The model that graphs were read from and not changed since; an engine for its format runs the file itself. */
  readonly source?: ModelSource;
  /** The machine that the engine npu simulates. */
  readonly target?: string;
  /** Gets what an engine does of its own accord. */
  readonly report?: (diagnostics: readonly Diagnostic[]) => void;
  /** How many threads an engine of ours runs a batch of samples in; without it, or with 1, in this thread. */
  readonly threads?: number | undefined;
}

const engines = {
  reference: (options) => ownEngine("reference", options),
  wasm: (options) => ownEngine("wasm", options),
  npu: async ({ target = "imxrt700" }) => {
    const { machineOf, npuEngine } = await import("@millrace/toolkit");
    return npuEngine(machineOf(target));
  },
  onnxruntime: async () => (await import("@millrace/devices/node")).nodeOnnxruntime(),
  litert: async ({ source, report }) => {
    const { createLiteRt, createTfjsTflite, tfliteEngine } = await import("@millrace/devices/node");
    return tfliteEngine([createLiteRt, createTfjsTflite], {
      ...(source && isTfliteName(source.name) && { file: source.bytes }),
      ...(report && { report }),
    });
  },
} satisfies Readonly<Record<string, (options: EngineOptions) => Promise<Engine>>>;

export type EngineName = keyof typeof engines;

export const engineNames = Object.keys(engines) as readonly EngineName[];

/** An engine by its name, loaded only then. */
export function createEngine(name: EngineName, options: EngineOptions): Promise<Engine> {
  return engines[name](options);
}

/** An engine by its name. Between inferences it lets signals be heard, and with `progress`, which gets the nodes of each, within them too. */
export async function engineOf(name: EngineName, options: EngineOptions): Promise<Engine> {
  return interruptible(await createEngine(name, options), options);
}

/** The engine that measures a graph: bit-exact for integers, fast for both. */
export async function engineFor(graph: Graph, options: EngineOptions): Promise<Engine> {
  const { isQuantized } = await import("@millrace/toolkit");
  return engineOf(isQuantized(graph) ? "wasm" : "onnxruntime", options);
}

async function ownEngine(
  engine: ThreadedOptions["engine"],
  { rounding, flavor, maximumBytes, threads = 1 }: EngineOptions,
): Promise<Engine> {
  const { referenceEngine, threadedEngine, wasmEngine } = await import("@millrace/toolkit");
  const options = {
    ...(rounding && { rounding }),
    ...(flavor && { flavor }),
    ...(maximumBytes !== undefined && { maximumBytes }),
  };
  if (threads === 1) return { reference: referenceEngine, wasm: wasmEngine }[engine](options);
  const { startNodeThread } = await import("@millrace/devices/node");
  return threadedEngine({ ...options, engine, threads, start: () => startNodeThread(threadScript) });
}

/** Stands beside this file, whether it is a source or in the bundle. */
const threadScript = new URL(import.meta.url.endsWith(".ts") ? "./run-thread.ts" : "./run-thread.mjs", import.meta.url);

/** Whether an engine runs .tflite files only, so that other models have to be made ready for the format first. */
export function runsTflite(name: EngineName): boolean {
  return name === "litert";
}

export function isTfliteName(name: string): boolean {
  return name.toLowerCase().endsWith(".tflite");
}

/** How our own engines compute. */
export interface KernelOptions extends Pick<ReferenceOptions, "rounding" | "flavor"> {
  /** The machine of the engine npu. */
  readonly target?: string;
  /** In megabytes. */
  readonly memory?: number;
  /** Of commands that run many samples. */
  readonly threads?: number;
}

/** Adds the options that say how our own engines compute. */
export function withKernelOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--rounding <rounding>", "how reference and wasm round products (default: double)").choices([
        "double",
        "single",
      ]),
    )
    .addOption(
      new Option("--flavor <flavor>", "whose kernels reference and wasm follow (default: tflite)").choices([
        "tflite",
        "tflm",
      ]),
    )
    .option("--memory <megabytes>", "most that reference and wasm may use for tensors (default: 537)", parseCount);
}

export const targetOption = ["--target <machine>", "the machine of the engine npu (default: imxrt700)"] as const;

/** The kernels' options. Throws a RequestError `engine.option-not-available` where the engine has none. */
export function kernelOptionsOf(
  options: KernelOptions,
  engine?: EngineName,
): ReferenceOptions & Pick<EngineOptions, "target"> {
  const { rounding, flavor, memory, threads, target } = options;
  const given = {
    ...(rounding && { rounding }),
    ...(flavor && { flavor }),
    ...(memory && { memory }),
    ...(threads && { threads }),
  };
  const [name] = Object.keys(given);
  if (name !== undefined && engine !== undefined && engine !== "reference" && engine !== "wasm") {
    throw new RequestError("engine.option-not-available", `--${name} has no meaning for the engine ${engine}`, {
      hint: "use --engine reference or --engine wasm",
    });
  }
  if (target !== undefined && engine !== undefined && engine !== "npu") {
    throw new RequestError("engine.option-not-available", `--target has no meaning for the engine ${engine}`, {
      hint: "use --engine npu",
    });
  }
  return {
    ...(rounding && { rounding }),
    ...(flavor && { flavor }),
    ...(target && { target }),
    ...(memory && { maximumBytes: memory * bytesOfMegabyte }),
  };
}

const bytesOfMegabyte = 1e6;

function interruptible(engine: Engine, { signal, progress }: EngineOptions): Engine {
  return {
    name: engine.name,
    async prepare(graph, wanted) {
      const prepared = await engine.prepare(graph, wanted);
      return {
        ...(prepared.concurrency && { concurrency: prepared.concurrency }),
        async run(feeds, options) {
          await nextTurn();
          signal.throwIfAborted();
          return prepared.run(feeds, {
            ...options,
            ...(progress && { signal, onProgress: ({ done, total }) => progress("run", done, total) }),
          });
        },
        dispose: () => prepared.dispose(),
      };
    },
  };
}
