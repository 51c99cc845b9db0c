import { dequantize } from "@millrace/ops";
import { rewrite } from "../rewrite.ts";

/** Makes 64-bit biases real, which DequantizeLinear does not take. */
export const realBiases = rewrite("real-biases", {
  roots: [dequantize],
  find({ inputs: [stored], outputs: [real] }) {
    if (stored?.constant === undefined || stored.type.dtype !== "i64") return undefined;
    return { tensor: dequantize.evaluate!([stored.constant], {}, [real.type], [stored.type])[0] };
  },
  replace({ tensor }, node, graph) {
    graph.replaceUses(node.outputs[0], graph.addConstant(node.name, tensor));
  },
});
