import type { Graph, Node, Operator, Value } from "@millrace/ir";
import { numberStream, randomTensor } from "./testing.ts";

/** Makes choices from the numbers of a step and adds nodes to a graph. */
export class Hand {
  readonly graph: Graph;
  readonly #numbers: readonly number[];
  readonly #values: readonly Value[];
  readonly #next: () => number;
  #at = 0;

  constructor(graph: Graph, values: readonly Value[], numbers: readonly number[]) {
    this.graph = graph;
    this.#values = values;
    this.#numbers = numbers;
    this.#next = numberStream(graph.size + 1);
  }

  /** A number of at least 0 and less than `count`. */
  choose(count: number): number {
    return this.#numbers[this.#at++ % this.#numbers.length] % Math.max(1, count);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.choose(items.length)];
  }

  /** One of the values that `fits`: in two of three cases the newest. */
  value(fits: (shape: readonly number[]) => boolean = () => true): Value | undefined {
    const fitting = this.#values.filter((value) => fits(sizesOf(value)));
    return this.choose(3) > 0 ? fitting.at(-1) : fitting[this.choose(fitting.length)];
  }

  constant(shape: readonly number[], positive = false): Value {
    const tensor = randomTensor(shape, positive ? () => 1 + this.#next() / 2 : this.#next);
    return this.graph.addConstant(`c${this.graph.size}`, tensor);
  }

  node(op: Operator, inputs: readonly (Value | undefined)[], attributes: Node["attributes"] = {}): readonly Value[] {
    if (op.check(inputs, attributes).length > 0) return [];
    const name = `${op.name}_${this.graph.size}`;
    const { outputs } = this.graph.addNode({ op, inputs, attributes, name, origin: [name] });
    return outputs;
  }
}

/** The sizes of a value, all known. */
export function sizesOf({ type }: Value): readonly number[] {
  return type.shape as readonly number[];
}
