import { fromNumbers, type Graph, type Node, numbersOf, type Value } from "@millrace/ir";
import { add, batchNorm, mul } from "@millrace/ops";
import { type ChannelScaling, channelAxis, foldScaling, scalableProducer } from "./channel-scaling.ts";
import { refuse, replaceNode, rewrite } from "./rewrite.ts";

/** What a batch norm does to each channel: gain = scale / √(variance + ε), shift = bias - mean * gain. */
function scalingOf(node: Node): ChannelScaling | undefined {
  const { scale, bias, mean, variance } = batchNorm.inputsOf(node);
  const { epsilon } = batchNorm.attributesOf(node);
  const [s, b, m, v] = [scale, bias, mean, variance].map(({ constant }) => constant && numbersOf(constant));
  if (!s || !b || !m || !v) return undefined;
  const gain = Float64Array.from(s, (factor, channel) => factor / Math.sqrt(v[channel] + epsilon));
  return { gain, shift: Float64Array.from(gain, (factor, channel) => b[channel] - m[channel] * factor) };
}

/** Folds a batch norm that directly follows a convolution or linear layer into its weights and bias. */
export const foldBatchNorm = rewrite("fold-batch-norm", {
  roots: [batchNorm],
  find(node, graph) {
    const { x } = batchNorm.inputsOf(node);
    const producer = scalableProducer(graph, x);
    if (producer === undefined) return undefined;
    if (channelAxis(producer.attributes, x.type.shape.length) !== batchNorm.attributesOf(node).axis) return undefined;
    const scaling = scalingOf(node);
    return scaling ? { producer, scaling } : refuse("the batch norm's parameters are not constant");
  },
  replace({ producer, scaling }, node, graph) {
    foldScaling(graph, producer, node, scaling);
  },
});

/** Spells a batch norm that nothing can absorb as a multiplication and an addition. */
export const decomposeBatchNorm = rewrite("decompose-batch-norm", {
  roots: [batchNorm],
  find(node) {
    const scaling = scalingOf(node);
    return scaling ?? refuse("the batch norm's parameters are not constant");
  },
  replace({ gain, shift }, node, graph) {
    const { x } = batchNorm.inputsOf(node);
    const { axis } = batchNorm.attributesOf(node);
    const attributes = { activation: "none" };
    const constant = (part: string, values: ArrayLike<number>) =>
      channelConstant(graph, `${node.name}.${part}`, values, x, axis);
    const scaled = graph.addNode({
      op: mul,
      inputs: [x, constant("scale", gain)],
      attributes,
      name: `${node.name}.scaled`,
      origin: node.origin,
      before: node,
    });
    replaceNode(graph, node, { op: add, inputs: [scaled.outputs[0], constant("shift", shift)], attributes });
  },
});

/** One number per channel, shaped to broadcast against `x`. */
export function channelConstant(graph: Graph, name: string, values: ArrayLike<number>, x: Value, axis: number): Value {
  const shape = x.type.shape.map((_, at) => (at === axis ? values.length : 1));
  return graph.addConstant(name, fromNumbers("f32", shape, values));
}
