import type { Graph, Value } from "@millrace/ir";
import type { Builder } from "./builder.ts";
import type { Binding } from "./scope.ts";
import { Sequence } from "./sequence.ts";
import type { SourceNode } from "./source-node.ts";

/** A graph that an operator holds, whose inputs are those it declares and then one for each value it takes from around it. */
export interface Body {
  readonly graph: Graph;
  readonly captured: readonly Value[];
}

/** Adds the nodes of a body and gives its results. */
export type BodyWriter = (
  node: SourceNode,
  inputs: readonly Value[],
  take: (outer: Value) => Value,
) => readonly Value[];

/** What a body takes from around it: constants become its own, other values are given to it as inputs. */
export class Captures {
  readonly #around: Builder;
  readonly #within: Builder;
  readonly #inner = new Map<Value, Value>();
  readonly #values: Value[] = [];

  constructor(around: Builder, within: Builder) {
    this.#around = around;
    this.#within = within;
  }

  /** Values around the body, in the order of its inputs for them. */
  get values(): readonly Value[] {
    return this.#values;
  }

  /** What stands inside for a binding of the graph around. */
  bindingOf(outer: Binding): Binding {
    if (typeof outer === "string") return outer;
    return outer instanceof Sequence ? new Sequence(outer.items.map((item) => this.take(item))) : this.take(outer);
  }

  take(outer: Value): Value {
    const known = this.#inner.get(outer);
    if (known) return known;
    const tensor = this.#around.settledTensorOf(outer);
    const inner = tensor
      ? this.#within.constant(outer.name, tensor, outer.type.quantization)
      : this.#within.graph.addInput(outer.name, outer.type);
    if (tensor === undefined) this.#values.push(outer);
    this.#inner.set(outer, inner);
    return inner;
  }
}
