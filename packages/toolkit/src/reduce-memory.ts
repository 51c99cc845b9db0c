import type { Diagnostic, Graph } from "@millrace/ir";
import { orderForMemory, peakBytes, runPasses } from "@millrace/passes";

export interface MemoryReduction {
  /** Bytes of activations that were needed at once before, if they are fewer now. */
  readonly formerPeakBytes?: number;
  readonly diagnostics: readonly Diagnostic[];
}

/** Changes a graph so that runtimes which compute operators in the order of a file need less memory for it; what it computes stays the same. */
export function reduceMemory(graph: Graph): MemoryReduction {
  const before = peakBytes(graph);
  const { diagnostics } = runPasses(graph, [orderForMemory]);
  const isLess = before !== undefined && peakBytes(graph)! < before;
  return { diagnostics, ...(isLess && { formerPeakBytes: before }) };
}
