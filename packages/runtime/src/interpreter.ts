import { fail, type Graph, isStatic } from "@millrace/ir";
import type { Rounding } from "./arithmetic/multiplier.ts";
import type { Engine } from "./engine.ts";
import { bindFeeds } from "./feeds.ts";
import type { Flavor, KernelContext } from "./kernels/kernel.ts";
import { createScratch } from "./kernels/scratch.ts";
import { defaultMaximumBytes, requireMemory } from "./memory-limit.ts";
import { planSteps, type Step } from "./plan.ts";
import { carryStates } from "./states.ts";
import { runSteps } from "./steps.ts";

export interface ReferenceOptions {
  /** How products are brought back to 32 bits; TensorFlow's own builds and TFLite Micro round twice. */
  readonly rounding?: Rounding;
  /** Full TFLite and TFLite Micro differ in fully connected layers, 8-bit sigmoid and tanh, and sums. */
  readonly flavor?: Flavor;
  /** What computes operators that the engine has no kernels for, by their names. */
  readonly kernels?: KernelContext["kernels"];
  /** What the tensors of a run may take together; 512 MiB by default. */
  readonly maximumBytes?: number;
}

/**
 * The engine every other one is measured against: quantized nodes give the same integers as TensorFlow's reference
 * kernels, other nodes are computed by their operator's own evaluation.
 */
export function referenceEngine(options: ReferenceOptions = {}): Engine {
  const { rounding = "double", flavor = "tflite", maximumBytes = defaultMaximumBytes, kernels } = options;
  return {
    name: "reference",
    async prepare(graph, wanted = []) {
      const kept = new Set([...graph.outputs, ...wanted]);
      let steps: readonly Step[] | undefined = planSteps(graph, kept, {
        rounding,
        flavor,
        scratch: createScratch(),
        ...(kernels && { kernels }),
      });
      requireMemory(steps, new Map(), maximumBytes);
      return carryStates(graph, {
        async run(feeds, options = {}) {
          if (steps === undefined) fail("runtime.disposed", `"${graph.name}" was run after it had been disposed.`);
          if (!isFixed(graph)) requireMemory(steps, bindFeeds(graph, feeds), maximumBytes);
          return runSteps(graph, steps, kept, feeds, maximumBytes, options);
        },
        dispose() {
          steps = undefined;
        },
      });
    },
  };
}

/** Whether a graph's sizes are known before it is fed. */
export function isFixed(graph: Graph): boolean {
  return graph.inputs.every(({ type }) => isStatic(type.shape));
}
