import { type Graph, type Node, type Operator, onlyUse, type Use, type Value } from "@millrace/ir";

/** What a node reads, what makes that, and where its results are read. */
export interface Surroundings {
  readonly values: readonly Value[];
  readonly producers: readonly Node[];
  readonly readings: readonly Use[];
}

/** Nodes of some operators that are still to be looked at: at first all of a graph in order, then those that are added. */
export class WorkList {
  readonly #graph: Graph;
  readonly #roots: ReadonlySet<Operator>;
  readonly #waiting = new Set<Node>();
  readonly #order = this.#waiting.values();
  /** Nodes that are not new any more; made when the first change comes. */
  #seen: Set<Node> | undefined;

  constructor(graph: Graph, roots: readonly Operator[]) {
    this.#graph = graph;
    this.#roots = new Set(roots);
    if (roots.some((op) => graph.operators.has(op))) for (const node of graph.nodes()) this.#add(node);
  }

  /** The next node that is still in the graph; undefined at the end, after which nothing may be added. */
  next(): Node | undefined {
    for (let next = this.#order.next(); !next.done; next = this.#order.next()) {
      this.#waiting.delete(next.value);
      if (this.#graph.contains(next.value)) return next.value;
    }
    return undefined;
  }

  /** What will have to be looked at again when `node` is changed. */
  surroundings(node: Node): Surroundings {
    this.#seen ??= new Set(this.#graph.nodes());
    const values = node.inputs.filter((value) => value !== undefined);
    return {
      values,
      producers: values.flatMap(({ producer }) => producer ?? []),
      readings: node.outputs.flatMap(({ uses }) => [...uses]),
    };
  }

  /** Adds the readers at places where another value is read than before, and what makes it, as far as that is new. */
  addReadings(readings: readonly Use[]): void {
    for (const { user, index } of readings) {
      this.#addReader(user);
      this.#addNew(user.inputs[index]?.producer);
    }
  }

  /** Adds the readers of values that are now read in one place only. */
  addLastReaders(values: readonly Value[]): void {
    for (const value of values) {
      const use = onlyUse(value);
      if (use) this.#addReader(use.user);
    }
  }

  /** A pattern may reach one node further up, so a reader that is read by one node only brings that node with it. */
  #addReader(user: Node): void {
    this.#add(user);
    const next = user.outputs.length === 1 ? onlyUse(user.outputs[0]) : undefined;
    if (next) this.#add(next.user);
  }

  #addNew(made: Node | undefined): void {
    const queue = made ? [made] : [];
    for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
      if (this.#seen?.has(node)) continue;
      this.#seen?.add(node);
      this.#add(node);
      for (const value of node.inputs) if (value?.producer) queue.push(value.producer);
    }
  }

  #add(node: Node): void {
    if (this.#roots.has(node.op) && this.#graph.contains(node)) this.#waiting.add(node);
  }
}
