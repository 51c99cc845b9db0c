import type { Diagnostic, Graph, Node } from "@millrace/ir";
import { type Activity, compileFitting, type Machine, type NpuOptions, profileCompilation } from "@millrace/npu";

/** How a machine computes one node; the cycles are predicted. */
export interface Mapping {
  /** How many commands of each kind there are; none where the processor computes it or nothing has to be done. */
  readonly commands: Readonly<Record<string, number>>;
  /** Of the array or the processor. */
  readonly cycles: number;
  /** Of copies from storage, which may go on beside. */
  readonly copyCycles: number;
  readonly us: number;
  /** What its longest command is held up by; left out where nothing has to be done. */
  readonly boundBy?: string;
}

/** Where a node runs on a machine. */
export interface Placement {
  readonly unit: "npu" | "cpu";
  /** Why the array does not compute it. */
  readonly refusal?: string;
  readonly mapping: Mapping;
}

/** What is compiled of an integer graph for a machine, and where each of its nodes runs, and how. */
export interface PlacedGraph {
  readonly graph: Graph;
  readonly placements: ReadonlyMap<Node, Placement>;
  /** What was changed of the graph so that it fits in the machine's memory. */
  readonly diagnostics: readonly Diagnostic[];
}

export function placementsOf(source: Graph, machine: Machine, options: NpuOptions): PlacedGraph {
  const { graph, compilation, diagnostics } = compileFitting(source, machine, options);
  const activities = new Map<Node, Activity[]>();
  for (const activity of profileCompilation(compilation).activities) {
    const own = activities.get(activity.node);
    if (own) own.push(activity);
    else activities.set(activity.node, [activity]);
  }
  const placementOf = (node: Node): Placement => {
    const refusal = compilation.reasons.get(node);
    const mapping = mappingOf(activities.get(node) ?? [], machine);
    return refusal === undefined ? { unit: "npu", mapping } : { unit: "cpu", refusal, mapping };
  };
  return { graph, placements: new Map([...graph.nodes()].map((node) => [node, placementOf(node)])), diagnostics };
}

function mappingOf(activities: readonly Activity[], { clockMHz }: Machine): Mapping {
  const cyclesOf = (some: readonly Activity[]) => some.reduce((sum, { start, end }) => sum + end - start, 0);
  const [longest] = [...activities].sort((a, b) => cyclesOf([b]) - cyclesOf([a]));
  const commands = new Map<string, number>();
  for (const { unit, what } of activities) if (unit !== "cpu") commands.set(what, (commands.get(what) ?? 0) + 1);
  const cycles = cyclesOf(activities.filter(({ unit }) => unit !== "dma"));
  return {
    commands: Object.fromEntries(commands),
    cycles,
    copyCycles: cyclesOf(activities.filter(({ unit }) => unit === "dma")),
    us: cycles / clockMHz,
    ...(longest && { boundBy: longest.boundBy }),
  };
}
