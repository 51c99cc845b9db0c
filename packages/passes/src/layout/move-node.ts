import { type Graph, invertPermutation, type Node, type Transposed, type Value } from "@millrace/ir";
import { transpose } from "@millrace/ops";
import { inheritName, removeNodes } from "../edit.ts";
import { isOutput } from "../rewrite.ts";
import { type Permuter, permutedType } from "./permuted-value.ts";

/**
 * Replaces a node by its form on permuted data, so that the graph computes the same: transposes put its results back in their old
 * order. The permuted result takes over the name of the old one, unless that is an output of the graph. What only the old node
 * read is removed.
 */
export function moveNode(graph: Graph, node: Node, moved: Transposed, permuter: Permuter): Node {
  const sources = [...node.inputs];
  const created = graph.addNode({
    op: node.op,
    inputs: sources.map((value, index) => {
      const permutation = moved.inputs[index];
      return value && permutation ? permuter.permuted(value, permutation, node) : value;
    }),
    attributes: moved.attributes,
    name: node.name,
    origin: node.origin,
    outputTypes: node.outputs.map(({ type }, index) => {
      const permutation = moved.outputs[index];
      return permutation ? permutedType(type, permutation) : type;
    }),
    before: node,
  });
  const restored = created.outputs.map((output, index) => restore(graph, node, index, output, moved.outputs[index]));
  const names = node.outputs.map(({ name }) => name);
  for (const [index, output] of node.outputs.entries()) graph.replaceUses(output, restored[index]);
  graph.removeNode(node);
  for (const [index, output] of created.outputs.entries()) {
    const keepsName = restored[index] !== output && isOutput(graph, restored[index]);
    graph.rename(keepsName ? restored[index] : output, names[index]);
  }
  removeNodes(
    graph,
    sources.flatMap((value) => value?.producer ?? []),
  );
  for (const [index, value] of sources.entries()) {
    if (value?.constant) inheritName(graph, created.inputs[index]!, value);
  }
  return created;
}

/** The moved result in the order of axes of the old one. */
function restore(graph: Graph, node: Node, index: number, moved: Value, permutation?: readonly number[]): Value {
  const { name, type, uses } = node.outputs[index];
  if (permutation === undefined || uses.size === 0) return moved;
  return graph.addNode({
    op: transpose,
    inputs: [moved],
    attributes: { permutation: invertPermutation(permutation) },
    name: `${name}_restored`,
    origin: node.origin,
    outputTypes: [type],
    before: node,
  }).outputs[0];
}
