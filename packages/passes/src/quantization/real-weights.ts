import { dequantize } from "@millrace/ops";
import { inheritName } from "../edit.ts";
import { rewrite } from "../rewrite.ts";
import { realConstant } from "./real-constant.ts";

/** Gives layers that stay real the real numbers that their stored constants stand for, so that nothing is left to do while the model runs. */
export const realWeights = rewrite("real-weights", {
  roots: [dequantize],
  find(node) {
    const tensor = realConstant(node.outputs[0]);
    return tensor && { tensor };
  },
  replace({ tensor }, node, graph) {
    const [result] = node.outputs;
    const constant = graph.addConstant(`${result.name}_real`, tensor);
    graph.replaceUses(result, constant);
    inheritName(graph, constant, result);
  },
  examples: [
    {
      name: "weights of a layer whose data are real",
      before: `
        input x: f32[1,2]
        constant stored: i8[1,2]<scale=[0.5], zeroPoint=[1]> = [3, -1]
        w: f32[1,2] = dequantize(stored)
        y: f32[1,1] = linear(x, w) {activation=none}
        output y`,
      after: `
        input x: f32[1,2]
        constant w: f32[1,2] = [1, -1]
        y: f32[1,1] = linear(x, w) {activation=none}
        output y`,
    },
    {
      name: "data",
      before: `
        input x: i8[2]<scale=[0.5], zeroPoint=[1]>
        y: f32[2] = dequantize(x)
        output y`,
    },
  ],
});
