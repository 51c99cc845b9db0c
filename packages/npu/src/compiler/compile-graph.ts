import type { Graph, Node, Value } from "@millrace/ir";
import { createScratch, type Flavor, type KernelContext } from "@millrace/runtime";
import { cyclesOf } from "../commands/command.ts";
import type { Machine } from "../machine.ts";
import { processorCycles } from "../processor-cost.ts";
import { type CompiledSegment, compileSegment, type ScheduleOptions } from "./compile-segment.ts";
import { OutOfMemory } from "./lay-out.ts";
import { refusalOf } from "./legality.ts";
import { partition, segmentOf } from "./partition.ts";

export interface NpuOptions extends Partial<ScheduleOptions> {
  /** Whose integers are computed where runtimes differ. */
  readonly flavor?: Flavor;
}

/** What the processor computes between programs. */
export interface ProcessorPhase {
  readonly nodes: readonly Node[];
}

export interface NpuCompilation {
  readonly machine: Machine;
  readonly context: KernelContext;
  /** In the order in which they are computed. */
  readonly phases: readonly (CompiledSegment | ProcessorPhase)[];
  /** Why nodes stay on the processor. */
  readonly reasons: ReadonlyMap<Node, string>;
}

export function isSegment(phase: CompiledSegment | ProcessorPhase): phase is CompiledSegment {
  return "program" in phase;
}

/** Divides a graph between a machine's array and its processor and makes a program of each part of the array. `kept` values leave the programs too. */
export function compileGraph(
  graph: Graph,
  machine: Machine,
  options: NpuOptions = {},
  kept: ReadonlySet<Value> = new Set(),
): NpuCompilation {
  const context: KernelContext = { rounding: "double", flavor: options.flavor ?? "tflite", scratch: createScratch() };
  const settings: ScheduleOptions = {
    mode: Object.keys(machine.modes)[0],
    weights: "automatic",
    overlapCopies: false,
    joinRows: false,
    mapByLine: false,
    milliseconds: 100,
    ...options,
  };
  const reasons = new Map<Node, string>();
  for (const node of graph.nodes()) {
    const refusal = refusalOf(node, machine);
    if (refusal !== undefined) reasons.set(node, refusal);
  }
  const compile = (nodes: readonly Node[]) => compileSegment(segmentOf(nodes, kept), machine, context, settings);
  for (let attempt = 0; ; attempt++) {
    try {
      return { machine, context, phases: compilePhases(graph, machine, reasons, compile), reasons };
    } catch (error) {
      if (!(error instanceof OutOfMemory) || attempt === mostAttempts) throw error;
      reasons.set(error.node, "the memory is too small for its data beside what others still need");
    }
  }
}

const mostAttempts = 64;

/** Programs and what lies between them; nodes of programs that don't pay are added to `reasons`. */
function compilePhases(
  graph: Graph,
  machine: Machine,
  reasons: Map<Node, string>,
  compile: (nodes: readonly Node[]) => CompiledSegment,
): NpuCompilation["phases"] {
  for (const { unit, nodes } of partition(graph, (node) => !reasons.has(node))) {
    if (unit === "npu" && !pays(compile(nodes), machine))
      for (const node of nodes) reasons.set(node, "the processor computes it sooner than the array can be started");
  }
  return partition(graph, (node) => !reasons.has(node)).map(({ unit, nodes }) =>
    unit === "npu" ? compile(nodes) : { nodes },
  );
}

/** Whether the array needs fewer cycles for a segment than the processor. */
function pays({ program, nodes }: CompiledSegment, machine: Machine): boolean {
  const overheads = machine.modes[program.mode];
  const array = program.commands.reduce(
    (total, { kind, fields }) => total + cyclesOf(kind.work(fields, machine, overheads)),
    0,
  );
  return array < nodes.reduce((total, node) => total + processorCycles(node, machine.processor), 0);
}
