import { fail } from "@millrace/ir";
import type { Rounding } from "./arithmetic/multiplier.ts";
import type { Engine } from "./engine.ts";
import type { Flavor } from "./kernels/kernel.ts";
import { createScratch } from "./kernels/scratch.ts";
import { planSteps, type Step } from "./plan.ts";
import { carryStates } from "./states.ts";
import { runSteps } from "./steps.ts";

export interface ReferenceOptions {
  /** How products are brought back to 32 bits; TensorFlow's own builds and TFLite Micro round twice. */
  readonly rounding?: Rounding;
  /** Full TFLite and TFLite Micro differ in fully connected layers, 8-bit sigmoid and tanh, and sums. */
  readonly flavor?: Flavor;
}

/**
 * The engine every other one is measured against: quantized nodes give the same integers as TensorFlow's reference
 * kernels, other nodes are computed by their operator's own evaluation.
 */
export function referenceEngine({ rounding = "double", flavor = "tflite" }: ReferenceOptions = {}): Engine {
  return {
    name: "reference",
    async prepare(graph, wanted = []) {
      const kept = new Set([...graph.outputs, ...wanted]);
      let steps: readonly Step[] | undefined = planSteps(graph, kept, { rounding, flavor, scratch: createScratch() });
      return carryStates(graph, {
        async run(feeds, options = {}) {
          if (steps === undefined) fail("runtime.disposed", `"${graph.name}" was run after it had been disposed.`);
          return runSteps(graph, steps, kept, feeds, options);
        },
        dispose() {
          steps = undefined;
        },
      });
    },
  };
}
