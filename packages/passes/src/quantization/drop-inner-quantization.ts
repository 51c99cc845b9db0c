import { type Graph, type Node, onlyUse } from "@millrace/ir";
import { activationOfRange, clamp, dequantize, quantize } from "@millrace/ops";
import { isRefusal, producedBy, rewrite, usedOnce } from "../rewrite.ts";
import { scalingOf } from "../scaling.ts";

/**
 * Removes a quantization between a layer and the batch norm or activation after it that the layer can take in, where the
 * result of that is quantized too.
 */
export const dropInnerQuantization = rewrite("drop-inner-quantization", {
  roots: [dequantize],
  find(node, graph) {
    const inner = producedBy(node.inputs[0], quantize);
    const layer = inner?.inputs[0]?.producer;
    if (inner === undefined || layer === undefined) return undefined;
    const alone = [layer, inner, node].every(({ outputs }) => outputs.length === 1 && usedOnce(graph, outputs[0]));
    const next = alone ? onlyUse(node.outputs[0])?.user : undefined;
    if (next === undefined || !takesIn(layer, next) || !isQuantizedNext(graph, next)) return undefined;
    return { real: inner.inputs[0]! };
  },
  replace({ real }, node, graph) {
    graph.replaceUses(node.outputs[0], real, node);
  },
  examples: [
    {
      name: "between a layer and a ReLU",
      before: `
        input x: f32[1,1]
        constant w: f32[1,1] = [2]
        a: f32[1,1] = linear(x, w) {activation=none}
        b: i8[1,1]<scale=[0.5], zeroPoint=[0]> = quantize(a) {dtype=i8, scale=[0.5], zeroPoint=[0], axis=-1, rounding=even}
        c: f32[1,1] = dequantize(b)
        d: f32[1,1] = clamp(c) {minimum=0, maximum=Infinity}
        y: i8[1,1]<scale=[0.5], zeroPoint=[-128]> = quantize(d) {dtype=i8, scale=[0.5], zeroPoint=[-128], axis=-1, rounding=even}
        output y`,
      after: `
        input x: f32[1,1]
        constant w: f32[1,1] = [2]
        a: f32[1,1] = linear(x, w) {activation=none}
        d: f32[1,1] = clamp(a) {minimum=0, maximum=Infinity}
        y: i8[1,1]<scale=[0.5], zeroPoint=[-128]> = quantize(d) {dtype=i8, scale=[0.5], zeroPoint=[-128], axis=-1, rounding=even}
        output y`,
    },
    {
      name: "between a layer and a ReLU whose result stays real",
      before: `
        input x: f32[1,1]
        constant w: f32[1,1] = [2]
        a: f32[1,1] = linear(x, w) {activation=none}
        b: i8[1,1]<scale=[0.5], zeroPoint=[0]> = quantize(a) {dtype=i8, scale=[0.5], zeroPoint=[0], axis=-1, rounding=even}
        c: f32[1,1] = dequantize(b)
        d: f32[1,1] = clamp(c) {minimum=0, maximum=Infinity}
        output d`,
    },
  ],
});

/** Whether `layer` can do what `next` does: an activation, or where it has weights a factor and an offset of each channel. */
function takesIn(layer: Node, next: Node): boolean {
  if (layer.attributes["activation"] !== "none") return false;
  if (next.op === clamp) {
    const { minimum, maximum } = clamp.attributesOf(next);
    return activationOfRange(minimum, maximum) !== undefined;
  }
  const rule = layer.op.quantization;
  const scaling = rule.kind === "free" && rule.weights ? scalingOf(next) : undefined;
  return scaling !== undefined && !isRefusal(scaling);
}

/** Whether only quantizations read the node's result, perhaps behind an activation. */
function isQuantizedNext(graph: Graph, { outputs: [result] }: Node): boolean {
  const readers = [...result.uses].map(({ user }) => user);
  if (readers.length === 1 && readers[0].op === clamp) return isQuantizedNext(graph, readers[0]);
  return readers.length > 0 && readers.every(({ op }) => op === quantize);
}
