import type { Node, Value } from "@millrace/ir";
import { clamp, dequantize, quantize } from "@millrace/ops";
import { inheritName } from "../edit.ts";
import { rewrite, usedOnce } from "../rewrite.ts";
import { stepsOf } from "./steps.ts";

/**
 * Quantizes the data of an operator that only rearranges, picks or clamps them, in the place of its result, so that the operator before it can
 * give integers.
 */
export const quantizeEarly = rewrite("quantize-early", {
  roots: [quantize],
  find(node, graph) {
    const [result] = node.inputs;
    const mover = result?.producer;
    if (mover === undefined || !usedOnce(graph, result!) || stepsOf(node.outputs[0].type) === undefined)
      return undefined;
    const data = movedData(mover);
    const maker = data?.producer;
    if (maker === undefined || maker.op === dequantize || !usedOnce(graph, data!)) return undefined;
    return { mover, data: data! };
  },
  replace({ mover, data }, node, graph) {
    const [{ type }] = node.outputs;
    const [early] = graph.addNode({
      op: quantize,
      inputs: [data],
      attributes: node.attributes,
      name: `${data.name}_quantized`,
      origin: node.origin,
      outputTypes: [{ ...type, shape: data.type.shape }],
      before: mover,
    }).outputs;
    const [moved] = graph.addNode({
      op: mover.op,
      inputs: mover.inputs.map((value) => (value === data ? early : value)),
      attributes: mover.attributes,
      name: mover.name,
      origin: mover.origin,
      outputTypes: [type],
      before: mover,
    }).outputs;
    graph.replaceUses(node.outputs[0], moved);
    inheritName(graph, moved, node.outputs[0]);
  },
  examples: [
    {
      name: "a layer whose result is reshaped and clamped first",
      before: `
        input x: f32[1,2]
        constant w: f32[4,2] = [1, 2, 3, 4, 5, 6, 7, 8]
        a: f32[1,4] = linear(x, w) {activation=none}
        b: f32[2,2] = reshape(a) {shape=[2,2]}
        c: f32[2,2] = clamp(b) {minimum=0, maximum=5}
        y: i8[2,2]<scale=[0.5], zeroPoint=[3]> = quantize(c) {dtype=i8, scale=[0.5], zeroPoint=[3], axis=-1, rounding=even}
        output y`,
      after: `
        input x: f32[1,2]
        constant w: f32[4,2] = [1, 2, 3, 4, 5, 6, 7, 8]
        a: f32[1,4] = linear(x, w) {activation=none}
        a_quantized: i8[1,4]<scale=[0.5], zeroPoint=[3]> = quantize(a) {dtype=i8, scale=[0.5], zeroPoint=[3], axis=-1, rounding=even}
        b_quantized: i8[2,2]<scale=[0.5], zeroPoint=[3]> = reshape(a_quantized) {shape=[2,2]} named b
        y: i8[2,2]<scale=[0.5], zeroPoint=[3]> = clamp(b_quantized) {minimum=0, maximum=5} named c
        output y`,
    },
    {
      name: "a mean, which rounds",
      before: `
        input x: f32[1,2]
        a: f32[1,2] = neg(x)
        b: f32[1] = mean(a) {axes=[1], keepDims=false}
        y: i8[1]<scale=[0.5], zeroPoint=[3]> = quantize(b) {dtype=i8, scale=[0.5], zeroPoint=[3], axis=-1, rounding=even}
        output y`,
    },
  ],
});

/** What a node with one result takes its numbers from, or bounds for them, if that is one value. */
function movedData({ op, inputs, outputs }: Node): Value | undefined {
  const rule = op.quantization;
  const keepsOrder = op === clamp || (rule.kind === "same" && !rule.rounds);
  if (!keepsOrder || outputs.length !== 1) return undefined;
  const data = inputs.filter((value) => value?.type.dtype === "f32");
  return data.length === 1 ? data[0] : undefined;
}
