import type { Graph, Node, Value } from "@millrace/ir";
import { cast, conv2d, transpose, transposeTensor } from "@millrace/ops";
import { rewrite } from "@millrace/passes";
import { depthwiseOrder, depthwiseSource, isDepthwise } from "../layers.ts";
import { permutedQuantization } from "../lowering.ts";
import { edit } from "./edit.ts";

/** Weights that a depthwise convolution computes or widens are put in TFLite's order and back again, so that it can read them in between. */
export const reorderKernels = rewrite("tflite-reorder-depthwise-kernels", {
  roots: [conv2d],
  find(node) {
    const { weights } = conv2d.inputsOf(node);
    const isOpen = weights.constant === undefined && depthwiseSource(weights) === undefined;
    return isOpen && isDepthwise(node) ? { weights } : undefined;
  },
  replace({ weights }, node, graph) {
    const reordered = widened(weights, node, graph) ?? moved(weights, node, graph);
    graph.setInput(node, 1, moved(reordered, node, graph));
  },
});

/** A constant that is stored in fewer bits, reordered where it is stored. */
function widened({ producer, type }: Value, node: Node, graph: Graph): Value | undefined {
  const stored = producer?.inputs[0];
  if (producer?.op !== cast || stored?.constant === undefined) return undefined;
  const { step } = edit(graph, node);
  const constant = graph.addConstant(stored.name, transposeTensor(stored.constant, depthwiseOrder));
  return step(cast, [constant], producer.attributes, { dtype: type.dtype });
}

function moved(value: Value, node: Node, graph: Graph): Value {
  const { dtype } = value.type;
  const quantization = permutedQuantization(value.type.quantization, depthwiseOrder);
  const kind = { dtype, ...(quantization && { quantization }) };
  return edit(graph, node).step(transpose, [value], { permutation: depthwiseOrder }, kind);
}
