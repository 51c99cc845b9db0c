import { copyNodes, type Graph, type Node, type Value } from "@millrace/ir";

/**
 * Copies the nodes of `body`, whose inputs are `inputs` of the graph, before a node or to the end; gives what its outputs are in the
 * graph. `constants` are those of the body that the graph has already; what is added joins them.
 */
export function inlineGraph(
  graph: Graph,
  body: Graph,
  inputs: readonly Value[],
  before?: Node,
  constants?: Map<Value, Value>,
): readonly Value[] {
  const values = new Map(body.inputs.map((input, index) => [input, inputs[index]]));
  return copyNodes(body, graph, values, before, constants);
}
