import { cloneGraph, type Diagnostic, type Graph } from "@millrace/ir";
import { orderForMemory, patches, peakBytes, runPasses } from "@millrace/passes";
import { arenaOf } from "@millrace/runtime";
import { legalizations, tfliteProblems } from "@millrace/targets/tflite";

export interface MemoryReduction {
  /** The graph itself, or one that computes the same in patches. */
  readonly graph: Graph;
  /** What is written of it where it was to fit into some bytes, with the copies that a file needs. */
  readonly written?: Graph;
  /** Bytes of activations that were needed at once before, if they are fewer now. */
  readonly formerPeakBytes?: number;
  readonly diagnostics: readonly Diagnostic[];
}

/** Shares of the wanted bytes that patches are made for, until the copies that a file needs fit too. */
const shares = [1, 0.9, 0.8, 0.7, 0.6, 0.5];

/**
 * Changes a graph so that runtimes which compute operators in the order of a file need less memory for it; what it computes stays the same. Where more than `bytes` are
 * needed all the same, layers are computed in patches in a copy of the graph.
 */
export function reduceMemory(graph: Graph, bytes?: number): MemoryReduction {
  const before = peakBytes(graph);
  const { diagnostics: reordered } = runPasses(graph, [orderForMemory]);
  if (before === undefined) return { graph, diagnostics: reordered };
  const fitted = bytes === undefined ? { graph, diagnostics: [] } : fitInto(graph, bytes);
  const formerPeakBytes = peakBytes(fitted.graph)! < before ? before : undefined;
  const diagnostics = [...reordered, ...fitted.diagnostics];
  return { ...fitted, diagnostics, ...(formerPeakBytes !== undefined && { formerPeakBytes }) };
}

interface Fitted {
  readonly graph: Graph;
  readonly written: Graph;
  readonly diagnostics: readonly Diagnostic[];
  readonly arenaBytes: number;
}

/** The graph in patches whose file needs no more than `bytes`, or else the fewest of those that were tried, with a warning. */
function fitInto(source: Graph, bytes: number): Fitted {
  let best = asWritten(source, [], bytes);
  for (const share of shares) {
    if (best.arenaBytes <= bytes) break;
    const { graph } = cloneGraph(source);
    const { changes, diagnostics } = runPasses(graph, [patches({ bytes: Math.floor(bytes * share), inPlace: false })]);
    if (changes["patches"] === 0) continue;
    const told = diagnostics.filter(({ severity }) => severity === "info");
    const next = asWritten(graph, told, bytes);
    if (next.arenaBytes < best.arenaBytes && tfliteProblems(next.written).length === 0) best = next;
  }
  if (best.arenaBytes <= bytes) return best;
  return { ...best, diagnostics: [...best.diagnostics, notMet(best.arenaBytes, bytes)] };
}

function asWritten(graph: Graph, diagnostics: readonly Diagnostic[], capacity: number): Fitted {
  const written = legalized(graph);
  const { plan } = arenaOf(written, { capacity, milliseconds: 500 });
  return { graph, written, diagnostics, arenaBytes: plan.arenaBytes };
}

function legalized(source: Graph): Graph {
  const { graph } = cloneGraph(source);
  runPasses(graph, legalizations);
  return graph;
}

function notMet(arenaBytes: number, bytes: number): Diagnostic {
  return {
    code: "memory.not-met",
    severity: "warning",
    message: `the activations take ${arenaBytes} bytes, and ${bytes} were asked for; no patches were found that take less`,
    hint: "use a smaller input or a narrower network",
  };
}
