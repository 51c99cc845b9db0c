import type { Graph } from "@millrace/ir";

/** Removes nodes that no output depends on, such as arithmetic on shapes whose results are known. */
export function removeUnused(graph: Graph): void {
  for (const node of [...graph.nodes()].reverse())
    if (node.outputs.every(({ uses }) => uses.size === 0)) graph.removeNode(node);
}
