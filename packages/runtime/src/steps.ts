import { DiagnosticError, fail, type Graph, isStatic, printShape, type Tensor, type Value } from "@millrace/ir";
import { bindAttributes, bindType } from "./binding.ts";
import type { RunOptions } from "./engine.ts";
import { bindFeeds, bindShape } from "./feeds.ts";
import { giveMemory, type Memory, takeMemory } from "./memory-limit.ts";
import type { ControlStep, KernelStep, Routine, Step } from "./plan.ts";
import { createTurn, type Turn } from "./turn.ts";

/** What the steps of one graph share while they run: tensors that are needed still, and sizes of the graph's symbols. */
interface Frame {
  readonly tensors: Map<Value, Tensor>;
  readonly sizes: Map<string, number>;
  readonly turn: Turn;
  readonly memory: Memory;
}

/** Computes steps in order and gives the kept values. */
export async function runSteps(
  graph: Graph,
  steps: readonly Step[],
  kept: ReadonlySet<Value>,
  feeds: ReadonlyMap<string, Tensor>,
  maximumBytes: number,
  { signal, onProgress, onNode }: RunOptions,
): Promise<ReadonlyMap<string, Tensor>> {
  const sizes = new Map(bindFeeds(graph, feeds));
  const tensors = new Map(graph.inputs.map((input) => [input, feeds.get(input.name) as Tensor]));
  const frame: Frame = { tensors, sizes, turn: createTurn(signal), memory: { maximumBytes, bytes: 0 } };
  for (const [index, step] of steps.entries()) {
    frame.turn.check();
    const before = onNode && performance.now();
    const bodies = compute(step, frame);
    if (bodies) await bodies;
    if (before !== undefined) onNode?.(step.node, performance.now() - before);
    onProgress?.({ done: index + 1, total: steps.length, node: step.node });
    const pause = signal || onProgress ? frame.turn.rest() : undefined;
    if (pause) await pause;
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
  { node, kernel, spent }: KernelStep,
  tensors: Map<Value, Tensor>,
  sizes: ReadonlyMap<string, number>,
): void {
  const at = { node: node.name };
  const types = node.outputs.map(({ type }) => bindType(type, sizes));
  const open = types.find(({ shape }) => !isStatic(shape));
  if (open && !node.op.largest) {
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

/** Computes any step; a promise where its bodies are run. */
function compute(step: Step, frame: Frame): Promise<void> | undefined {
  if (step.bodies) return computeBodies(step, frame);
  const { tensors, sizes, memory } = frame;
  const { bytes } = memory;
  takeMemory(memory, step.node, sizes);
  computeStep(step, tensors, sizes);
  if (step.node.op.largest) {
    for (const value of step.node.outputs) if (tensors.has(value)) bindTo(value, tensors.get(value)!, sizes);
    memory.bytes = bytes;
    takeMemory(memory, step.node, sizes);
  }
  giveMemory(memory, step.spent, sizes);
  return undefined;
}

/** Symbols in the results' shapes are bound to what the bodies give. */
async function computeBodies({ node, control, bodies, spent }: ControlStep, frame: Frame): Promise<void> {
  const inputs = node.inputs.map((value) => tensorOfValue(value!, frame.tensors));
  const results = await control(inputs, (name, values) => runBody(bodies.get(name)!, values, frame), node.attributes);
  for (const [index, value] of node.outputs.entries()) {
    bindTo(value, results[index], frame.sizes);
    frame.tensors.set(value, results[index]);
  }
  takeMemory(frame.memory, node, frame.sizes);
  for (const value of spent) frame.tensors.delete(value);
  giveMemory(frame.memory, spent, frame.sizes);
}

/** A body's outputs. It may use the sizes of the graph around it, and has the thread no longer than that at a time. */
async function runBody({ graph, steps }: Routine, inputs: readonly Tensor[], outer: Frame): Promise<readonly Tensor[]> {
  const { turn, memory } = outer;
  const { bytes } = memory;
  const frame: Frame = { tensors: new Map(), sizes: new Map(outer.sizes), turn, memory };
  for (const [index, input] of graph.inputs.entries()) {
    bindTo(input, inputs[index], frame.sizes);
    frame.tensors.set(input, inputs[index]);
  }
  await pauseIfDue(turn);
  for (const step of steps) {
    const bodies = compute(step, frame);
    if (bodies) await bodies;
    await pauseIfDue(turn);
  }
  memory.bytes = bytes;
  return graph.outputs.map((output) => tensorOfValue(output, frame.tensors));
}

function pauseIfDue(turn: Turn): Promise<void> | undefined {
  turn.check();
  return turn.rest();
}

function bindTo({ name, type }: Value, { shape }: Tensor, sizes: Map<string, number>): void {
  if (bindShape(type.shape, shape, sizes)) return;
  fail("runtime.body-shape", `"${name}" became ${printShape(shape)} instead of ${printShape(type.shape)}.`, {
    at: { value: name },
    hint: "A loop, a branch or the data decides this size; leave it open in the model's types.",
  });
}
