import { bitsOf, elementCount, fail, type Graph, isStatic, type Node, type Value } from "@millrace/ir";
import type { ArenaBuffer, MemoryPlan } from "./buffer.ts";
import { type PlanOptions, planMemory, planMemoryInSteps } from "./plan-memory.ts";

/** The memory of a graph's activations: a buffer for each value that is not a constant. */
export interface Arena {
  readonly buffers: ReadonlyMap<Value, ArenaBuffer>;
  /** Offsets are in the order of `buffers`. */
  readonly plan: MemoryPlan;
}

const arenaAlignment = 16;

/**
 * Lifetimes of a graph's values as its nodes run in order. Node n reads and writes at the time n + 1; inputs are there from time 0 and
 * outputs stay to the end. Sizes are those of memory, where each element has whole bytes. Throws DiagnosticError
 * `plan.symbolic-shape` for values whose size is not known.
 */
export function activationsOf(graph: Graph): ReadonlyMap<Value, ArenaBuffer> {
  const times = new Map<Node, number>();
  for (const node of graph.nodes()) times.set(node, times.size + 1);
  times.set(graph.results, times.size + 1);
  const produced = [...times.keys()].flatMap(({ outputs }) => outputs);
  return new Map([...graph.inputs, ...produced].map((value) => [value, lifetimeOf(value, times)]));
}

function lifetimeOf(value: Value, times: ReadonlyMap<Node, number>): ArenaBuffer {
  const start = value.producer === undefined ? 0 : times.get(value.producer)!;
  const end = [...value.uses].reduce((latest, { user }) => Math.max(latest, times.get(user) ?? start), start) + 1;
  return { start, end, size: bytesOf(value) };
}

function bytesOf({ name, type: { dtype, shape } }: Value): number {
  if (isStatic(shape)) return elementCount(shape) * Math.ceil(bitsOf(dtype) / 8);
  return fail("plan.symbolic-shape", `the memory of "${name}" is not known: its shape is [${shape.join(", ")}].`, {
    at: { value: name },
    hint: "Settle the open dimensions before memory is planned.",
  });
}

/** Plans the memory of a graph's activations at multiples of 16 bytes. */
export function arenaOf(graph: Graph, options: PlanOptions = {}): Arena {
  const buffers = activationsOf(graph);
  return { buffers, plan: planMemory([...buffers.values()], { alignment: arenaAlignment, ...options }) };
}

/** `arenaOf` that lets other work of the thread go on meanwhile. */
export async function arenaOfInSteps(graph: Graph, options: PlanOptions = {}): Promise<Arena> {
  const buffers = activationsOf(graph);
  const plan = await planMemoryInSteps([...buffers.values()], { alignment: arenaAlignment, ...options });
  return { buffers, plan };
}
