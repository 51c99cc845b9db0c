import type { Graph, Node, Operator, Value } from "@millrace/ir";

/**
 * Removes the given nodes and, in turn, their producers, as far as nothing reads them. Tells how many there were and which
 * values they read.
 */
export function removeNodes(
  graph: Graph,
  candidates: readonly Node[],
): { readonly removed: number; readonly freed: readonly Value[] } {
  const queue = [...candidates];
  const freed: Value[] = [];
  let removed = 0;
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    if (!graph.contains(node) || node === graph.results || node.outputs.some(({ uses }) => uses.size > 0)) continue;
    for (const value of node.inputs) {
      if (value === undefined) continue;
      freed.push(value);
      if (value.producer) queue.push(value.producer);
    }
    graph.removeNode(node);
    removed++;
  }
  return { removed, freed };
}

/**
 * Puts a node of the same name, origin and types of results in the place of another one: readers of `node` read the new
 * results, which take over the old names. Nodes that are merged into it add their origin.
 */
export function replaceNode(
  graph: Graph,
  node: Node,
  init: {
    readonly op?: Operator;
    readonly inputs?: readonly (Value | undefined)[];
    readonly attributes?: Node["attributes"];
  },
  merged: readonly Node[] = [],
): Node {
  const names = node.outputs.map(({ name }) => name);
  const created = graph.addNode({
    op: init.op ?? node.op,
    inputs: init.inputs ?? node.inputs,
    attributes: init.attributes ?? node.attributes,
    name: node.name,
    origin: [...new Set([...merged, node].flatMap(({ origin }) => origin))],
    outputTypes: node.outputs.map(({ type }) => type),
    before: node,
  });
  for (const [index, output] of node.outputs.entries()) graph.replaceUses(output, created.outputs[index]);
  graph.removeNode(node);
  for (const [index, output] of created.outputs.entries()) graph.rename(output, names[index]);
  return created;
}

/** Lets `made` take over the name of the constant or removed node's result in whose place it stands, if nothing reads that any more. */
export function inheritName(graph: Graph, made: Value, old: Value): void {
  if (old.uses.size > 0 || made === old) return;
  const { name } = old;
  graph.rename(old, "unused");
  graph.rename(made, name);
}

/** What an operator of one input makes of a value, computed before `node` and named after the value. Reals only. */
export function computed(graph: Graph, node: Node, op: Operator, x: Value, attributes: Node["attributes"]): Value {
  const { origin } = node;
  return graph.addNode({ op, inputs: [x], attributes, name: `${x.name}_${op.name}`, origin, before: node }).outputs[0];
}

/** Adds a node before one that is spelled out, and gives its result. */
export type Step = (op: Operator, inputs: readonly Value[], attributes: Node["attributes"]) => Value;

/** How to add nodes before `node`, which are named after it. Reals only. */
export function stepBefore(graph: Graph, node: Node): Step {
  const { name, origin } = node;
  return (op, inputs, attributes) =>
    graph.addNode({ op, inputs, attributes, name: `${name}/${op.name}`, origin, before: node }).outputs[0];
}

/** The nodes that make the result out of `x`, in order. */
export function nodesBetween(x: Value, last: Node): readonly Node[] {
  const found = new Set<Node>();
  const visit = (node: Node) => {
    for (const value of node.inputs)
      if (value !== x && value?.producer && !found.has(value.producer)) visit(value.producer);
    found.add(node);
  };
  visit(last);
  return [...found];
}
