import type { Pass } from "./pass.ts";
import { removeUnused } from "./rewrite.ts";

/** Removes nodes whose results nobody reads. */
export const removeDead: Pass = {
  name: "remove-dead",
  run: (graph) => removeUnused(graph, [...graph.nodes()]),
};
