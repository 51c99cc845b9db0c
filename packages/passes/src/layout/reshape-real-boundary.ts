import { type Node, onlyUse } from "@millrace/ir";
import { dequantize, quantize, reshape } from "@millrace/ops";
import { replaceNode } from "../edit.ts";
import { isOutput, producedBy, rewrite } from "../rewrite.ts";

/** Reshapes real inputs and outputs instead of the integers behind them, so that the graph's boundary can absorb that. */
export const reshapeRealBoundary = rewrite("reshape-real-boundary", {
  roots: [reshape],
  find(node, graph) {
    const before = producedBy(node.inputs[0], quantize);
    if (before && isWhole(before) && before.inputs[0]!.producer === undefined && onlyUse(before.outputs[0]))
      return { outer: before };
    const after = onlyUse(node.outputs[0])?.user;
    return after?.op === dequantize && isOutput(graph, after.outputs[0]) ? { outer: after } : undefined;
  },
  replace({ outer }, node, graph) {
    const [first, second] = outer.op === quantize ? [outer, node] : [node, outer];
    const { attributes, name, origin } = second;
    const shape = second.op === reshape ? second.outputs[0].type.shape : first.inputs[0]!.type.shape;
    const { dtype, quantization } = second.op === reshape ? first.inputs[0]!.type : second.outputs[0].type;
    const moved = graph.addNode({
      op: second.op,
      inputs: first.inputs,
      attributes,
      name,
      origin,
      outputTypes: [{ dtype, shape, ...(quantization && { quantization }) }],
      before: second,
    });
    replaceNode(graph, second, { op: first.op, inputs: moved.outputs, attributes: first.attributes }, [first]);
  },
  examples: [
    {
      name: "on both sides",
      before: `
        input x: f32[1,1,2,2]
        a: i8[1,1,2,2]<scale=[1], zeroPoint=[0]> = quantize(x) {dtype=i8, scale=[1], zeroPoint=[0], axis=-1, rounding=even}
        b: i8[1,2,2,1]<scale=[1], zeroPoint=[0]> = reshape(a) {shape=[1,2,2,1]}
        c: i8[1,2,2,1]<scale=[2], zeroPoint=[0]> = add(b, b) {activation=none}
        d: i8[1,1,2,2]<scale=[2], zeroPoint=[0]> = reshape(c) {shape=[1,1,2,2]}
        y: f32[1,1,2,2] = dequantize(d)
        output y`,
      after: `
        input x: f32[1,1,2,2]
        b_1: f32[1,2,2,1] = reshape(x) {shape=[1,2,2,1]} named b
        b: i8[1,2,2,1]<scale=[1], zeroPoint=[0]> = quantize(b_1) {dtype=i8, scale=[1], zeroPoint=[0], axis=-1, rounding=even}
        c: i8[1,2,2,1]<scale=[2], zeroPoint=[0]> = add(b, b) {activation=none}
        y_1: f32[1,2,2,1] = dequantize(c) named y
        y: f32[1,1,2,2] = reshape(y_1) {shape=[1,1,2,2]}
        output y`,
    },
    {
      name: "between integers",
      before: `
        input x: i8[1,2]<scale=[1], zeroPoint=[0]>
        y: i8[2]<scale=[1], zeroPoint=[0]> = reshape(x) {shape=[2]}
        output y`,
    },
  ],
});

function isWhole(node: Node): boolean {
  return quantize.attributesOf(node).axis === -1;
}
