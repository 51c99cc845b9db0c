import { linear, reshape } from "@millrace/ops";
import { rewrite } from "@millrace/passes";

/**
 * FULLY_CONNECTED sees data of any shape as rows as long as those of its weights, so that a reshape to rows before it is not written.
 * The node keeps its result's type; with more axes in its data than in its result it stands for the file's operator only.
 */
export const readRowsDirectly = rewrite("tflite-read-rows-directly", {
  roots: [linear],
  find(node) {
    const { x } = linear.inputsOf(node);
    const source = x.producer?.op === reshape ? x.producer.inputs[0] : undefined;
    return source && x.type.shape.length === 2 && source.type.shape.length > 1 ? { source } : undefined;
  },
  replace({ source }, node, graph) {
    graph.setInput(node, 0, source);
  },
});
