import { fail, type Graph, type Tensor, type Value } from "@millrace/ir";
import type { Engine, PreparedGraph, RunOptions } from "../engine.ts";
import { bindFeeds } from "../feeds.ts";
import { isFixed, type ReferenceOptions } from "../interpreter.ts";
import type { KernelContext } from "../kernels/kernel.ts";
import { createScratch } from "../kernels/scratch.ts";
import { defaultMaximumBytes, requireMemory } from "../memory-limit.ts";
import { planSteps, type Step } from "../plan.ts";
import { carryStates } from "../states.ts";
import { runSteps, tensorOfValue } from "../steps.ts";
import { apartFrom, assemble, type Program } from "./program.ts";
import type { Stage } from "./stages.ts";

/**
 * The reference engine's integers from WebAssembly SIMD: 8-bit convolutions, fully connected layers, arithmetic, pools,
 * reductions and movements are compiled, all other nodes run in their reference kernels. Runs of one prepared graph take turns.
 */
export function wasmEngine(options: ReferenceOptions = {}): Engine {
  const { rounding = "double", flavor = "tflite", maximumBytes = defaultMaximumBytes } = options;
  return {
    name: "wasm",
    async prepare(graph, wanted = []) {
      const kept = new Set([...graph.outputs, ...wanted]);
      const context = { rounding, flavor, scratch: createScratch() };
      const runner = createRunner(graph, kept, context, maximumBytes);
      if (isFixed(graph)) await runner.programFor(new Map());
      return carryStates(graph, runner);
    },
  };
}

function createRunner(graph: Graph, kept: ReadonlySet<Value>, context: KernelContext, maximumBytes: number) {
  let steps: readonly Step[] | undefined = planSteps(graph, kept, context);
  let program: { readonly key: string; readonly made: Promise<Program> } | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  const programFor = (sizes: ReadonlyMap<string, number>) => {
    if (steps === undefined) fail("runtime.disposed", `"${graph.name}" was run after it had been disposed.`);
    const key = JSON.stringify([...sizes]);
    if (program?.key === key) return program.made;
    requireMemory(steps, sizes, maximumBytes);
    program = { key, made: assemble(steps, kept, context, sizes) };
    return program.made;
  };
  const run = async (feeds: ReadonlyMap<string, Tensor>, options: RunOptions) => {
    const { steps: own, fast } = await programFor(bindFeeds(graph, feeds));
    if (fast === undefined) return runSteps(graph, own, kept, feeds, maximumBytes, options);
    const { memory, stages } = fast;
    const whole = options.signal || options.onProgress || options.onNode ? undefined : stages;
    const results = whole
      ? runStages(graph, whole, kept, feeds)
      : await runSteps(graph, own, kept, feeds, maximumBytes, options);
    return new Map([...results].map(([name, tensor]) => [name, apartFrom(memory, tensor)]));
  };
  return {
    programFor,
    run(feeds, options = {}) {
      const result = turn.then(() => run(feeds, options));
      turn = result.catch(() => undefined);
      return result;
    },
    dispose() {
      steps = undefined;
      program = undefined;
    },
  } satisfies PreparedGraph & { readonly programFor: unknown };
}

/** Computes stages in order and gives the kept values. */
function runStages(
  graph: Graph,
  stages: readonly Stage[],
  kept: ReadonlySet<Value>,
  feeds: ReadonlyMap<string, Tensor>,
): ReadonlyMap<string, Tensor> {
  const tensors = new Map(graph.inputs.map((input) => [input, feeds.get(input.name) as Tensor]));
  for (const stage of stages) stage(tensors);
  return new Map([...kept].map((value) => [value.name, tensorOfValue(value, tensors)]));
}
