import { cloneGraph, type Diagnostic, type Graph } from "@millrace/ir";
import { orderForMemory, patches, runPasses } from "@millrace/passes";
import type { Machine } from "../machine.ts";
import { processorCycles } from "../processor-cost.ts";
import { compileGraph, type NpuCompilation, type NpuOptions } from "./compile-graph.ts";
import { compiledGraph, isCompiled } from "./compiled-graph.ts";

/** A graph that computes the same as another one, compiled for a machine. */
export interface FittingCompilation {
  /** What was compiled: in another order, or partly in stripes, if a machine has little memory. */
  readonly graph: Graph;
  readonly compilation: NpuCompilation;
  /** What was changed of the graph. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Shares of the memory that patches are made for, until what else lies there leaves room for them. */
const shares = [1, 0.9, 0.8];

/**
 * Compiles a graph in the order that needs least memory, and in patches where that does not suffice, so that as little as can be is left to the processor. The
 * graph itself is not changed. One that has programs already is taken as it is.
 */
export function compileFitting(
  source: Graph,
  machine: Machine,
  { optimal, ...options }: NpuOptions = {},
): FittingCompilation {
  if (isCompiled(source)) return { graph: source, compilation: compiledGraph(source, machine), diagnostics: [] };
  const fitting = compileByRules(source, machine, options);
  return optimal ? { ...fitting, compilation: compileGraph(fitting.graph, machine, { ...options, optimal }) } : fitting;
}

function compileByRules(source: Graph, machine: Machine, options: NpuOptions): FittingCompilation {
  const { graph } = cloneGraph(source);
  const { diagnostics } = runPasses(graph, [orderForMemory]);
  const { bytes } = machine.memory;
  let best: FittingCompilation = { graph, compilation: compileGraph(graph, machine, options), diagnostics };
  for (const share of shares) {
    if (best.compilation.lacking.size === 0) break;
    const patched = inPatches(graph, Math.floor(bytes * share));
    if (patched === undefined) continue;
    const compilation = compileGraph(patched.graph, machine, options);
    const next = { graph: patched.graph, compilation, diagnostics: [...diagnostics, ...patched.diagnostics] };
    if (lackOf(next) < lackOf(best)) best = next;
  }
  return best;
}

/** Cycles of the processor for what the array would compute if it had more memory. */
function lackOf({ compilation: { machine, lacking } }: FittingCompilation): number {
  return [...lacking].reduce((sum, node) => sum + processorCycles(node, machine.processor), 0);
}

/** A graph in patches that need no more than some bytes; undefined where none are needed, or they would need more all the same. */
function inPatches(source: Graph, bytes: number): Omit<FittingCompilation, "compilation"> | undefined {
  const { graph } = cloneGraph(source);
  const { changes, diagnostics } = runPasses(graph, [patches({ bytes, inPlace: true })]);
  const isMet = diagnostics.every(({ severity }) => severity === "info");
  return changes["patches"] > 0 && isMet ? { graph, diagnostics } : undefined;
}
