import type { Graph, Node, Value } from "@millrace/ir";
import { createScratch, type Flavor, type KernelContext } from "@millrace/runtime";
import { cyclesOf } from "../commands/command.ts";
import type { Machine } from "../machine.ts";
import { processorCycles } from "../processor-cost.ts";
import { type CompiledSegment, compileSegment, type ScheduleOptions } from "./compile-segment.ts";
import { keptNodes } from "./kept-nodes.ts";
import { movesOnly, refusalOf, refuseSize } from "./legality.ts";
import { NodeRefusal } from "./node-refusal.ts";
import { type OptimalLevel, optimizeSegment } from "./optimize-segment.ts";
import { partition, segmentOf } from "./partition.ts";

export interface NpuOptions extends Partial<ScheduleOptions> {
  /** Searches for better schedules than rules make; without it the level is `fast`. */
  readonly optimal?: OptimalLevel;
  /** Whose integers are computed where runtimes differ. */
  readonly flavor?: Flavor;
  /**
   * Names of nodes, of the source's layers that they came from, or of operators, which the processor computes although the array could; `*` stands for
   * any characters.
   */
  readonly keepOnProcessor?: readonly string[];
}

/** What the processor computes between programs. */
export interface ProcessorPhase {
  readonly nodes: readonly Node[];
}

export interface NpuCompilation {
  readonly machine: Machine;
  /** In the order in which they are computed. */
  readonly phases: readonly (CompiledSegment | ProcessorPhase)[];
  /** Why nodes stay on the processor. */
  readonly reasons: ReadonlyMap<Node, string>;
  /** Those of them for which the memory does not suffice. */
  readonly lacking: ReadonlySet<Node>;
}

export function isSegment(phase: CompiledSegment | ProcessorPhase): phase is CompiledSegment {
  return "program" in phase;
}

/**
 * Divides a graph between a machine's array and its processor and makes a program of each part of the array. `kept` values leave the programs too.
 * Throws `npu.unknown-layer` where a name of `keepOnProcessor` fits nothing.
 */
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
  const { optimal } = options;
  const reasons = new Map<Node, string>();
  const lacking = new Set<Node>();
  const asked = keptNodes(graph, options.keepOnProcessor ?? []);
  for (const node of graph.nodes()) {
    const refusal = refusalOf(node, machine) ?? asked.get(node);
    const tooLarge = refusal === undefined ? refuseSize(node, machine) : undefined;
    if (tooLarge !== undefined) lacking.add(node);
    if ((refusal ?? tooLarge) !== undefined) reasons.set(node, refusal ?? tooLarge!);
  }
  const optimized = (phase: NpuCompilation["phases"][number], level: OptimalLevel) =>
    isSegment(phase) ? optimizeSegment(phase, machine, context, settings, level) : phase;
  const compile = (nodes: readonly Node[]) => compileSegment(segmentOf(nodes, kept), machine, context, settings);
  for (let attempt = 0; ; attempt++) {
    try {
      const phases = compilePhases(graph, machine, reasons, compile);
      return { machine, phases: optimal ? phases.map((phase) => optimized(phase, optimal)) : phases, reasons, lacking };
    } catch (error) {
      if (!(error instanceof NodeRefusal) || attempt === mostAttempts) throw error;
      if (error.diagnostics[0].code === "npu.out-of-memory") lacking.add(error.node);
      for (const { node, reason } of [error, ...error.others]) reasons.set(node, reason);
    }
  }
}

const mostAttempts = 64;

/** Programs, all of which are worth it, and what lies between them; nodes of those that are not are added to `reasons`. */
function compilePhases(
  graph: Graph,
  machine: Machine,
  reasons: Map<Node, string>,
  compile: (nodes: readonly Node[]) => CompiledSegment,
): NpuCompilation["phases"] {
  const phases = partition(graph, (node) => !reasons.has(node)).map(({ unit, nodes }) =>
    unit === "npu" ? compile(nodes) : { nodes },
  );
  const before = reasons.size;
  for (const phase of phases) {
    const refusal = isSegment(phase) ? refusalOfProgram(phase, machine) : undefined;
    if (refusal !== undefined) for (const node of phase.nodes) reasons.set(node, refusal);
  }
  return reasons.size === before ? phases : compilePhases(graph, machine, reasons, compile);
}

/** Why a program is not worth starting the array for. */
function refusalOfProgram(segment: CompiledSegment, machine: Machine): string | undefined {
  if (segment.nodes.every(movesOnly)) return "a program of it alone would only move numbers";
  return pays(segment, machine) ? undefined : "the processor computes it sooner than the array can be started";
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
