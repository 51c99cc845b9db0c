import { setImmediate as nextTurn } from "node:timers/promises";
import type { Engine, Graph } from "@millrace/toolkit";

export const engineNames = ["reference", "wasm", "onnxruntime"] as const;

export type EngineName = (typeof engineNames)[number];

export interface EngineOptions {
  readonly signal: AbortSignal;
  readonly progress?: (stage: string, done: number, total?: number) => void;
}

/** An engine by its name, loaded only then. Between inferences it lets signals be heard; `progress` gets the nodes of each. */
export async function engineOf(name: EngineName, options: EngineOptions): Promise<Engine> {
  if (name === "onnxruntime") {
    const { nodeOnnxruntime } = await import("@millrace/devices/node");
    return interruptible(nodeOnnxruntime(), options);
  }
  const { referenceEngine, wasmEngine } = await import("@millrace/toolkit");
  return interruptible(name === "wasm" ? wasmEngine() : referenceEngine(), options);
}

/** The engine that measures a graph: bit-exact for integers, fast for both. */
export async function engineFor(graph: Graph, options: EngineOptions): Promise<Engine> {
  const { isQuantized } = await import("@millrace/toolkit");
  return engineOf(isQuantized(graph) ? "wasm" : "onnxruntime", options);
}

function interruptible(engine: Engine, { signal, progress }: EngineOptions): Engine {
  return {
    name: engine.name,
    async prepare(graph, wanted) {
      const prepared = await engine.prepare(graph, wanted);
      return {
        async run(feeds, options) {
          await nextTurn();
          signal.throwIfAborted();
          return prepared.run(feeds, {
            ...options,
            signal,
            ...(progress && { onProgress: ({ done, total }) => progress("run", done, total) }),
          });
        },
        dispose: () => prepared.dispose(),
      };
    },
  };
}
