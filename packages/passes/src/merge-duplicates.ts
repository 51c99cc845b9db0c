import { isGraphOutput, type Node, type Value } from "@millrace/ir";
import type { Pass } from "./pass.ts";

/** Lets readers of equal nodes (same operator, attributes and inputs) share the first of them. */
export const mergeDuplicates: Pass = {
  name: "merge-duplicates",
  run(graph) {
    const identifiers = new Map<Value, number>();
    const identify = (value: Value | undefined) => {
      if (value === undefined) return -1;
      const known = identifiers.get(value) ?? identifiers.size;
      identifiers.set(value, known);
      return known;
    };
    const seen = new Map<string, Node>();
    let changes = 0;
    for (const node of graph.nodes()) {
      const key = `${node.op.name} ${node.inputs.map(identify)} ${describe(node)}`;
      const first = seen.get(key);
      if (first === undefined) seen.set(key, node);
      else if (!node.outputs.some((output) => isGraphOutput(graph, output))) {
        for (const [index, output] of node.outputs.entries()) graph.replaceUses(output, first.outputs[index]);
        graph.removeNode(node);
        changes++;
      }
    }
    return changes;
  },
};

function describe(node: Node): string {
  return JSON.stringify(node.attributes, (_, value) =>
    typeof value === "number" && !Number.isFinite(value) ? `${value}` : value,
  );
}
