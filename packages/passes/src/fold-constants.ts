import { elementCount, type Graph, isStatic, type Node, type Tensor } from "@millrace/ir";
import type { Pass } from "./pass.ts";
import { removeUnused } from "./rewrite.ts";

/** Results larger than this many elements are folded only if they are not larger than what they are made of. */
const generousElements = 1 << 16;

/** Computes nodes whose inputs are all constants. */
export const foldConstants: Pass = {
  name: "fold-constants",
  run(graph) {
    let changes = 0;
    for (const node of graph.nodes()) {
      const results = constantResults(node);
      if (results === undefined) continue;
      replaceByConstants(graph, node, results);
      changes++;
    }
    return changes;
  },
};

function constantResults(node: Node): readonly Tensor[] | undefined {
  const { op, inputs, outputs, attributes } = node;
  if (op.evaluate === undefined || inputs.length === 0) return undefined;
  const constant = inputs.every((value) => value === undefined || (value.constant && !value.type.quantization));
  if (!constant || outputs.some(({ type }) => type.quantization || !isStatic(type.shape))) return undefined;
  const source = inputs.reduce((count, value) => count + (value?.constant?.data.length ?? 0), 0);
  const result = outputs.reduce((count, { type }) => count + (elementCount(type.shape) as number), 0);
  if (result > Math.max(source, generousElements)) return undefined;
  const types = outputs.map(({ type }) => type);
  return op.evaluate(
    inputs.map((value) => value?.constant),
    attributes,
    types,
  );
}

function replaceByConstants(graph: Graph, node: Node, results: readonly Tensor[]): void {
  const names = node.outputs.map(({ name }) => name);
  const constants = results.map((tensor, index) => graph.addConstant(`${names[index]}_folded`, tensor));
  for (const [index, output] of node.outputs.entries()) graph.replaceUses(output, constants[index]);
  removeUnused(graph, [node]);
  for (const [index, constant] of constants.entries()) graph.rename(constant, names[index]);
}
