import { elementCount, type Graph, isStatic, type Node, storageBytes, type Value } from "@millrace/ir";

/** A graph as numbers: nodes by their place in its order, and the values that take memory. */
export interface Flow {
  readonly nodes: readonly Node[];
  /** Values that each node reads, each once, and that it makes. */
  readonly reads: readonly (readonly number[])[];
  readonly writes: readonly (readonly number[])[];
  /** By value: its bytes, the nodes that read it, and whether it is needed to the end. */
  readonly bytes: readonly number[];
  readonly readers: readonly (readonly number[])[];
  readonly kept: readonly boolean[];
  /** Bytes of the graph's inputs, which are there from the start. */
  readonly inputBytes: number;
}

/** Bytes of a value of known size in memory, where each element has whole bytes. */
export function bytesOf({ type }: Value): number {
  return elementCount(type.shape as readonly number[]) * storageBytes(type.dtype);
}

/** The flow of a graph; undefined where sizes are open. */
export function flowOf(graph: Graph): Flow | undefined {
  const nodes = [...graph.nodes()];
  const places = new Map(nodes.map((node, at) => [node, at]));
  const values = [...graph.inputs, ...nodes.flatMap(({ outputs }) => outputs)];
  if (!values.every(({ type }) => isStatic(type.shape))) return undefined;
  const numbers = new Map(values.map((value, number) => [value, number]));
  const numbersOf = (some: readonly (Value | undefined)[]) => [
    ...new Set(some.flatMap((value) => (value && value.constant === undefined ? numbers.get(value)! : []))),
  ];
  return {
    nodes,
    reads: nodes.map(({ inputs }) => numbersOf(inputs)),
    writes: nodes.map(({ outputs }) => numbersOf(outputs)),
    bytes: values.map(bytesOf),
    readers: values.map(({ uses }) => [...new Set([...uses].flatMap(({ user }) => places.get(user) ?? []))]),
    kept: values.map(({ uses }) => [...uses].some(({ user }) => user === graph.results)),
    inputBytes: graph.inputs.reduce((sum, value) => sum + bytesOf(value), 0),
  };
}

/** Bytes alive while each node of an order is computed: all that it and later ones read, and what it makes. */
export function liveBytes(flow: Flow, order: readonly number[]): Float64Array {
  const waiting = flow.readers.map(({ length }) => length);
  const live = new Float64Array(order.length);
  let bytes = flow.inputBytes;
  order.forEach((node, at) => {
    for (const value of flow.writes[node]) bytes += flow.bytes[value];
    live[at] = bytes;
    for (const value of flow.reads[node]) waiting[value]--;
    for (const value of [...flow.reads[node], ...flow.writes[node]])
      if (waiting[value] === 0 && !flow.kept[value]) bytes -= flow.bytes[value];
  });
  return live;
}

/** The most of some numbers, 0 without any. */
export function greatest(numbers: Iterable<number>): number {
  let most = 0;
  for (const number of numbers) most = Math.max(most, number);
  return most;
}

/** For each node those that make what it reads, or those that read what it makes. */
export function neighboursOf({ reads, writes, readers }: Flow): {
  readonly before: readonly (readonly number[])[];
  readonly after: readonly (readonly number[])[];
} {
  const after = writes.map((values) => [...new Set(values.flatMap((value) => readers[value]))]);
  const before: number[][] = reads.map(() => []);
  for (const [node, users] of after.entries()) for (const user of users) before[user].push(node);
  return { before, after };
}
