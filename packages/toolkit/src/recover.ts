import { cloneGraph, type Graph } from "@millrace/ir";
import { runPasses } from "@millrace/passes";
import { type Calibration, type RecoveryName, recoveriesOf } from "@millrace/quantize";
import type { RecoveryReport } from "./report.ts";

/** A graph with changes that make it lose less in integers, and what they were. */
export interface Recovered {
  readonly graph: Graph;
  readonly recoveries: readonly RecoveryReport[];
}

/** Changes a copy of the graph. Each change follows from what is observed of the graph that those before it made, whatever ranges are chosen later. */
export async function recover(
  source: Graph,
  names: readonly RecoveryName[],
  observe: (graph: Graph) => Promise<Calibration>,
): Promise<Recovered> {
  if (names.length === 0) return { graph: source, recoveries: [] };
  const { graph } = cloneGraph(source);
  const recoveries: RecoveryReport[] = [];
  for (const recovery of recoveriesOf(names)) {
    const pass = recovery(await observe(graph));
    const { changes, decisions } = runPasses(graph, [pass]);
    const told = decisions.map(({ node, message }) => ({ node, message }));
    recoveries.push({ pass: pass.name, changes: changes[pass.name], decisions: told });
  }
  return { graph, recoveries };
}
