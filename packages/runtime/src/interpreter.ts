import { DiagnosticError, fail, type Graph, isStatic, printShape, type Tensor, type Value } from "@millrace/ir";
import type { Rounding } from "./arithmetic/multiplier.ts";
import { bindAttributes, bindType } from "./binding.ts";
import type { Engine, RunOptions } from "./engine.ts";
import { bindFeeds } from "./feeds.ts";
import type { Flavor } from "./kernels/kernel.ts";
import { createScratch } from "./kernels/scratch.ts";
import { planSteps, type Step } from "./plan.ts";
import { carryStates } from "./states.ts";

export interface ReferenceOptions {
  /** How products are brought back to 32 bits; TensorFlow's own builds and TFLite Micro round twice. */
  readonly rounding?: Rounding;
  /** Full TFLite and TFLite Micro differ in fully connected layers, 8-bit sigmoid and tanh, and sums. */
  readonly flavor?: Flavor;
}

/** How long a run keeps the thread before it lets others have their turn, in milliseconds. */
const turn = 50;

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

/** Computes steps in order and gives the kept values. */
export async function runSteps(
  graph: Graph,
  steps: readonly Step[],
  kept: ReadonlySet<Value>,
  feeds: ReadonlyMap<string, Tensor>,
  { signal, onProgress, onNode }: RunOptions,
): Promise<ReadonlyMap<string, Tensor>> {
  const sizes = bindFeeds(graph, feeds);
  const tensors = new Map<Value, Tensor>();
  for (const input of graph.inputs) tensors.set(input, feeds.get(input.name) as Tensor);
  let started = performance.now();
  for (const [index, step] of steps.entries()) {
    signal?.throwIfAborted();
    const before = onNode && performance.now();
    computeStep(step, tensors, sizes);
    if (before !== undefined) onNode?.(step.node, performance.now() - before);
    onProgress?.({ done: index + 1, total: steps.length, node: step.node });
    if ((signal || onProgress) && performance.now() - started > turn) {
      await new Promise((resume) => setTimeout(resume));
      started = performance.now();
    }
  }
  return new Map([...kept].map((value) => [value.name, tensorOfValue(value, tensors)]));
}

/** The tensor of a constant or of a value that was computed. */
export function tensorOfValue(value: Value, tensors: ReadonlyMap<Value, Tensor>): Tensor {
  const tensor = value.constant ?? tensors.get(value);
  if (tensor === undefined) throw new Error(`value ${value.name} was read before it was computed`);
  return tensor;
}

/** Computes a step from the tensors of its inputs, puts its results to them and drops those it is the last to read. */
export function computeStep(
  { node, kernel, spent }: Step,
  tensors: Map<Value, Tensor>,
  sizes: ReadonlyMap<string, number>,
) {
  const at = { node: node.name };
  const types = node.outputs.map(({ type }) => bindType(type, sizes));
  const open = types.find(({ shape }) => !isStatic(shape));
  if (open) {
    fail("runtime.open-shape", `${node.op.name} "${node.name}" has the shape ${printShape(open.shape)}.`, {
      at,
      hint: "The inputs' shapes don't decide these sizes; give the model fixed ones.",
    });
  }
  const inputs = node.inputs.map((value) => value && tensorOfValue(value, tensors));
  try {
    const results = kernel(inputs, types, bindAttributes(node.attributes, sizes));
    for (const [index, value] of node.outputs.entries()) tensors.set(value, results[index]);
  } catch (error) {
    if (error instanceof DiagnosticError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    fail("runtime.node-failed", `${node.op.name} "${node.name}" could not be computed: ${reason}.`, {
      at,
      hint: "Its inputs may be too large for memory, or of sizes the node can't take.",
    });
  }
  for (const value of spent) tensors.delete(value);
}
