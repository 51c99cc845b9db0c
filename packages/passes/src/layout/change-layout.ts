import { toChannelsFirst, toChannelsLast } from "@millrace/ops";
import type { Pass } from "../pass.ts";
import { removeUnused } from "../rewrite.ts";
import { moveNode } from "./move-node.ts";
import { Permuter } from "./permuted-value.ts";

/**
 * Turns every operator on image-like data to the wanted layout at once, each between transposes of its own; the passes
 * that follow make those meet and cancel. Operators that have no such form stay and are noted.
 */
export function changeLayout(to: "first" | "last"): Pass {
  const permutation = to === "last" ? toChannelsLast : toChannelsFirst;
  return {
    name: `channels-${to}`,
    run(graph, context) {
      const permuter = new Permuter(graph);
      let changes = 0;
      for (const node of graph.nodes()) {
        const layout = node.attributes["layout"];
        if (layout === undefined || layout === to) continue;
        const moved = node.op.transposed(node.inputs, node.attributes, permutation);
        if (moved === undefined) {
          context.note({
            pass: this.name,
            node: node.name,
            message: `${node.op.name} has no form with channels ${to}`,
          });
          continue;
        }
        const producers = node.inputs.flatMap((value) => value?.producer ?? []);
        moveNode(graph, node, moved, permuter);
        removeUnused(graph, producers);
        changes++;
      }
      return changes;
    },
  };
}
