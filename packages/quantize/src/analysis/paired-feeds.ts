import type { Graph, Tensor } from "@millrace/ir";
import type { Engine } from "@millrace/runtime";

export interface Runnable {
  readonly graph: Graph;
  readonly engine: Engine;
}

/** The inputs of one inference, as either graph takes them. */
export interface PairedFeeds {
  readonly reference: ReadonlyMap<string, Tensor>;
  readonly quantized: ReadonlyMap<string, Tensor>;
}
