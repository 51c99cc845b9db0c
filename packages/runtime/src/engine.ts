import type { Graph, Node, Tensor, Value } from "@millrace/ir";

/** Runs a graph. */
export interface Engine {
  readonly name: string;
  /**
   * Prepares a graph for many runs. `wanted` are further values whose tensors are to be kept.
   * Throws a DiagnosticError with every node that can't be run.
   */
  prepare(graph: Graph, wanted?: readonly Value[]): Promise<PreparedGraph>;
}

export interface PreparedGraph {
  /** How many runs at a time make use of what there is to compute with; 1 if absent. */
  readonly concurrency?: number;
  /**
   * Computes the graph's outputs and the wanted values, keyed by value name. Feeds are keyed by the names of the
   * graph's inputs; their shapes bind the graph's symbolic sizes. Results may share storage with feeds.
   * Throws a DiagnosticError for feeds that don't fit, and the signal's reason when it is aborted.
   */
  run(feeds: ReadonlyMap<string, Tensor>, options?: RunOptions): Promise<ReadonlyMap<string, Tensor>>;
  dispose(): Promise<void> | void;
}

export interface RunOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** Called after each node with the time that it took. Engines that compute several nodes at once compute them one by one for it; those that can't tell never call. */
  readonly onNode?: (node: Node, milliseconds: number) => void;
}

/** How far a run is: `done` of `total` nodes, `node` being the last one done. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly node: Node;
}
