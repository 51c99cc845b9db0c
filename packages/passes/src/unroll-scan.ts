import type { Dimension, Graph, Node, Value } from "@millrace/ir";
import { scan } from "@millrace/ops";
import { inlineGraph } from "./inline-graph.ts";
import { replaceResults, slicesAlong, stackedAlong, writerBefore } from "./step-writer.ts";

/** How many steps a scan has. */
export function stepsOfScan(node: Node): Dimension {
  const { states, axis } = scan.attributesOf(node);
  return node.inputs[states]!.type.shape[axis];
}

/** Puts the steps of a scan of known sizes and one step at least in its place; the constants of its body are shared by all of them. */
export function unrollScan(graph: Graph, node: Node): void {
  const { body, states, sequences, axis, reverse } = scan.attributesOf(node);
  const values = node.inputs as readonly Value[];
  const writer = writerBefore(graph, node);
  const slices = values.slice(states, states + sequences).map((sequence) => slicesAlong(writer, sequence, axis));
  const constants = new Map<Value, Value>();
  const places = [...slices[0].keys()];
  const items: Value[][] = body.outputs.slice(states).map(() => []);
  let current = values.slice(0, states);
  for (const place of reverse ? places.reverse() : places) {
    const inputs = [...current, ...slices.map((parts) => parts[place]), ...values.slice(states + sequences)];
    const results = inlineGraph(graph, body, inputs, node, constants);
    current = results.slice(0, states);
    for (const [index, list] of items.entries()) list[place] = results[states + index];
  }
  replaceResults(graph, node, [...current, ...items.map((list) => stackedAlong(writer, list, axis))]);
}
