import { quantize } from "@millrace/ops";
import type { Pass } from "@millrace/passes";

/** QUANTIZE rounds halves away from zero; where a model rounds them to even, that is told once. */
export const roundHalvesAway: Pass = {
  name: "round-halves-away",
  run(graph, context) {
    const even = [...graph.nodes()].filter((node) => node.op === quantize && node.attributes["rounding"] === "even");
    for (const node of even) graph.setAttributes(node, { ...node.attributes, rounding: "away" });
    if (even.length > 0)
      context.report({
        code: "tflite.halves-away",
        severity: "info",
        message: `Numbers halfway between two steps are rounded away from zero in ${even.length} places where the model rounds them to even`,
        at: { node: even[0].name },
        hint: "nothing needs to be done; such numbers are rare, and move by one step",
      });
    return even.length;
  },
};
