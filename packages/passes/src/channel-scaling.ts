import {
  type Attributes,
  elementCount,
  fromNumbers,
  type Graph,
  type Node,
  numbersOf,
  type Tensor,
  type Value,
} from "@millrace/ir";
import { replaceNode, usedOnce } from "./rewrite.ts";

/** Factor and offset of each channel: y = gain[c] * x + shift[c]. */
export interface ChannelScaling {
  readonly gain: ArrayLike<number>;
  readonly shift: ArrayLike<number>;
}

/** Axis of the channels in the result of a node with weights. */
export function channelAxis(attributes: Attributes, rank: number): number {
  return attributes["layout"] === "first" ? 1 : rank - 1;
}

/** A node with constant weights and no activation whose only reader may be folded into it. */
export function scalableProducer(graph: Graph, value: Value): Node | undefined {
  const node = value.producer;
  const rule = node?.op.quantization.kind === "free" ? node.op.quantization.weights : undefined;
  if (node === undefined || rule === undefined || !usedOnce(graph, value) || value.type.dtype !== "f32")
    return undefined;
  const { weights, bias } = weightsOf(node);
  if (weights?.constant === undefined || (bias && bias.constant === undefined)) return undefined;
  return node.attributes["activation"] === "none" && !hasPartialChannels(node, weights.constant) ? node : undefined;
}

/** Whether the weights' channel axis counts the channels of one group only. */
function hasPartialChannels(node: Node, weights: Tensor): boolean {
  const rule = node.op.quantization.kind === "free" ? node.op.quantization.weights : undefined;
  const shape = node.outputs[0].type.shape;
  return (
    weights.shape[rule?.axis(node.attributes, weights.shape.length) ?? 0] !==
    shape[channelAxis(node.attributes, shape.length)]
  );
}

/** Weights and bias of a node whose operator has them. */
export function weightsOf(node: Node): { readonly weights: Value | undefined; readonly bias: Value | undefined } {
  const rule = node.op.quantization.kind === "free" ? node.op.quantization.weights : undefined;
  const input = (name: string | undefined) => node.inputs[node.op.inputs.findIndex((slot) => slot.name === name)];
  return { weights: input(rule?.weights), bias: input(rule?.bias) };
}

/** Scales what `producer` computes by changing its weights and bias; readers of `follower` then read `producer`. */
export function foldScaling(graph: Graph, producer: Node, follower: Node, { gain, shift }: ChannelScaling): void {
  const { weights, bias } = weightsOf(producer);
  const rule = producer.op.quantization.kind === "free" ? producer.op.quantization.weights : undefined;
  if (weights?.constant === undefined || rule === undefined) return;
  const axis = rule.axis(producer.attributes, weights.constant.shape.length);
  const scaled = graph.addConstant(weights.name, scaleAlong(weights.constant, axis, gain));
  const old = bias?.constant ? numbersOf(bias.constant) : undefined;
  const moved = Float64Array.from(gain, (factor, channel) => (old ? old[channel] * factor : 0) + shift[channel]);
  const offset = graph.addConstant(bias?.name ?? `${producer.name}.bias`, fromNumbers("f32", [gain.length], moved));
  replaceNode(
    graph,
    follower,
    { op: producer.op, inputs: [producer.inputs[0], scaled, offset], attributes: producer.attributes },
    [producer],
  );
}

/** The tensor times one factor for each index of `axis`. */
export function scaleAlong(tensor: Tensor, axis: number, factors: ArrayLike<number>): Tensor {
  const inner = elementCount(tensor.shape.slice(axis + 1));
  const channels = tensor.shape[axis];
  const source = numbersOf(tensor);
  const result = new Float32Array(source.length);
  for (let start = 0, channel = 0; start < result.length; start += inner, channel = (channel + 1) % channels) {
    const factor = factors[channel];
    for (let at = start; at < start + inner; at++) result[at] = source[at] * factor;
  }
  return { dtype: "f32", shape: tensor.shape, data: result };
}

/** A constant that broadcasts along the channels only, as `channels` numbers. */
export function perChannel(
  value: Value | undefined,
  rank: number,
  axis: number,
  channels: number,
): ArrayLike<number> | undefined {
  const tensor = value?.constant;
  if (tensor === undefined || tensor.dtype !== "f32" || tensor.shape.length > rank) return undefined;
  const numbers = numbersOf(tensor);
  if (numbers.length === 1) return new Float64Array(channels).fill(numbers[0]);
  const offset = rank - tensor.shape.length;
  const alongChannels = tensor.shape.every((size, at) => size === 1 || at + offset === axis);
  return alongChannels && numbers.length === channels ? numbers : undefined;
}
