import { add, averagePool2d, conv2d, linear } from "@millrace/ops";
import { type Pass, rewrite } from "@millrace/passes";

/**
 * Rectifies without the limit of 6. It changes what a model computes where values exceed 6, which is why it is never run unasked; in return channels
 * can be scaled, and a range is chosen by what is seen.
 */
export const unlimitActivations: Pass = rewrite("unlimit-activations", {
  roots: [conv2d, linear, add, averagePool2d],
  find: (node) => (node.attributes["activation"] === "relu6" ? node : undefined),
  replace(_, node, graph) {
    graph.setAttributes(node, { ...node.attributes, activation: "relu" });
  },
});
