import { type Graph, invertPermutation, type Node, type Transposed, type Value } from "@millrace/ir";
import { transpose } from "@millrace/ops";
import type { Permuter } from "./permuted-value.ts";

/**
 * Replaces a node by its form on permuted data. Its results are put back in their old order by transposes, which keep
 * the old names, so that the graph computes the same.
 */
export function moveNode(graph: Graph, node: Node, moved: Transposed, permuter: Permuter): readonly Value[] {
  const inputs = node.inputs.map((value, index) => {
    const permutation = moved.inputs[index];
    return value && permutation ? permuter.permuted(value, permutation, node) : value;
  });
  const names = node.outputs.map(({ name }) => name);
  const created = graph.addNode({
    op: node.op,
    inputs,
    attributes: moved.attributes,
    name: node.name,
    origin: node.origin,
    before: node,
  });
  const restored = created.outputs.map((output, index) => {
    const permutation = moved.outputs[index];
    if (permutation === undefined) return output;
    return graph.addNode({
      op: transpose,
      inputs: [output],
      attributes: { permutation: invertPermutation(permutation) },
      name: `${names[index]}_restored`,
      origin: node.origin,
      before: node,
    }).outputs[0];
  });
  for (const [index, output] of node.outputs.entries()) graph.replaceUses(output, restored[index]);
  graph.removeNode(node);
  for (const [index, output] of created.outputs.entries()) graph.rename(output, names[index]);
  return restored;
}
