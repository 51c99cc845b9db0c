import type { OnnxGraph, OnnxNode } from "@millrace/formats/onnx";

/** Nodes of one list, producers before readers. */
export interface OrderedNodes {
  readonly nodes: readonly OnnxNode[];
  /** Nodes that are part of a cycle or read from one; they have no place in the order. */
  readonly stuck: readonly OnnxNode[];
  /** The nodes of one cycle, each reading a result of the one before; empty if there is none. */
  readonly cycle: readonly OnnxNode[];
  /** Whether the file had them in order, as the format asks. */
  readonly wasOrdered: boolean;
}

/** Sorts nodes by what they read, subgraphs included. The given order is kept where it is right. Linear in the edges. */
export function orderNodes(nodes: readonly OnnxNode[]): OrderedNodes {
  const producers = producersOf(nodes);
  const needs = nodes.map((node) =>
    [...namesRead(node)].map((name) => producers.get(name)).filter((at) => at !== undefined),
  );
  if (needs.every((producerIndices, at) => producerIndices.every((producer) => producer < at)))
    return { nodes, stuck: [], cycle: [], wasOrdered: true };
  const waiting = needs.map(({ length }) => length);
  const readers: number[][] = nodes.map(() => []);
  needs.forEach((producerIndices, at) => {
    for (const producer of producerIndices) readers[producer].push(at);
  });
  const order = [...nodes.keys()].filter((at) => waiting[at] === 0);
  for (const done of order) for (const reader of readers[done]) if (--waiting[reader] === 0) order.push(reader);
  const stuck = [...nodes.keys()].filter((at) => waiting[at] > 0);
  return {
    nodes: order.map((at) => nodes[at]),
    stuck: stuck.map((at) => nodes[at]),
    cycle: cycleAmong(stuck, needs, waiting).map((at) => nodes[at]),
    wasOrdered: false,
  };
}

/** Names the subgraphs of a node take from around it, and its inputs. */
export function namesRead(node: OnnxNode): Set<string> {
  const names = new Set(node.inputs);
  for (const { graph } of node.attributes) if (graph) for (const name of namesCaptured(graph)) names.add(name);
  names.delete("");
  return names;
}

function namesCaptured(graph: OnnxGraph): Set<string> {
  const names = new Set(graph.outputs.map(({ name }) => name));
  for (const node of graph.nodes) for (const name of namesRead(node)) names.add(name);
  for (const { outputs } of graph.nodes) for (const name of outputs) names.delete(name);
  for (const { name } of [...graph.inputs, ...graph.initializers]) names.delete(name);
  return names;
}

function producersOf(nodes: readonly OnnxNode[]): ReadonlyMap<string, number> {
  const producers = new Map<string, number>();
  nodes.forEach(({ outputs }, at) => {
    for (const name of outputs) if (name !== "" && !producers.has(name)) producers.set(name, at);
  });
  return producers;
}

function cycleAmong(stuck: readonly number[], needs: readonly number[][], waiting: readonly number[]): number[] {
  if (stuck.length === 0) return [];
  const path: number[] = [];
  const seen = new Map<number, number>();
  for (let at = stuck[0]; !seen.has(at); at = needs[at].find((producer) => waiting[producer] > 0)!) {
    seen.set(at, path.length);
    path.push(at);
  }
  const last = path.at(-1)!;
  const start = seen.get(needs[last].find((producer) => waiting[producer] > 0)!)!;
  return path.slice(start).reverse();
}
