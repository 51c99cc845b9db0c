import type { Node, Value } from "@millrace/ir";
import { cast, conv2d, transpose, transposeTensor } from "@millrace/ops";
import { edit, rewrite } from "@millrace/passes";
import { depthwiseOrder, depthwiseSource, isDepthwise } from "../layers.ts";

/**
 * Weights of a depthwise convolution that are stored in fewer bits and widened are stored in TFLite's order, and put back in the other one for a
 * node that nothing in the file needs. Weights that are computed stay those of a convolution in groups: to reorder them would cost a transpose in every run.
 */
export const reorderKernels = rewrite("tflite-reorder-depthwise-kernels", {
  roots: [conv2d],
  find(node) {
    const { weights } = conv2d.inputsOf(node);
    const isOpen = isDepthwise(node) && depthwiseSource(weights) === undefined;
    return isOpen ? widening(weights) : undefined;
  },
  replace({ widen, stored }, node, graph) {
    const { dtype } = widen.outputs[0].type;
    const { step } = edit(graph, node);
    const constant = graph.addConstant(stored.name, transposeTensor(stored.constant!, depthwiseOrder));
    const wide = step(cast, [constant], widen.attributes, { dtype });
    graph.setInput(node, 1, step(transpose, [wide], { permutation: depthwiseOrder }, { dtype }));
  },
});

/** The node that widens a constant. */
function widening({ producer }: Value): { readonly widen: Node; readonly stored: Value } | undefined {
  const stored = producer?.inputs[0];
  return producer?.op === cast && stored?.constant ? { widen: producer, stored } : undefined;
}
