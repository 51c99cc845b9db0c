import type { Value } from "@millrace/ir";

/** A list of tensors, known item by item while the model is imported; the graph itself has none. */
export class Sequence {
  readonly items: readonly Value[];

  constructor(items: readonly Value[]) {
    this.items = items;
  }
}
