import { elementCount, fromNumbers, type Graph, type Node, numbersOf, type Value } from "@millrace/ir";
import { realWeights } from "../scheme.ts";
import { slotOf } from "../slot.ts";

/** A layer's real weights and biases, to be changed and put back. */
export interface LayerWeights {
  readonly node: Node;
  /** What the layer reads its data from. */
  readonly data: Value;
  readonly weights: Float32Array;
  /** Zeros where the layer has no bias. */
  readonly bias: Float32Array;
  /** Whether results at the edges of the data meet zeros beyond them. */
  readonly padded: boolean;
  readonly outputs: number;
  readonly inputs: number;
  /** The channel of the data that a weight meets. */
  readonly inputOf: (index: number) => number;
  /** The channel of the result that a weight makes. */
  readonly outputOf: (index: number) => number;
}

/** The weights of a layer that has constants of its own and whose results each sum over one group of channels; undefined for other nodes. */
export function layerWeights(node: Node): LayerWeights | undefined {
  const rule = node.op.quantization;
  const value = realWeights(node);
  if (rule.kind !== "free" || rule.weights === undefined || value === undefined || value.uses.size !== 1)
    return undefined;
  const { shape } = value.constant!;
  const groups = rule.weights.groups?.(node.attributes);
  const bias = node.inputs[slotOf(node, rule.weights.bias)];
  if (groups === undefined || (bias && (bias.constant === undefined || bias.uses.size !== 1))) return undefined;
  const [outputs, depth] = [shape[0], shape.at(-1)!];
  const size = elementCount(shape) / outputs;
  const outputOf = (index: number) => Math.floor(index / size);
  return {
    node,
    data: node.inputs[slotOf(node, rule.weights.data)]!,
    weights: Float32Array.from(numbersOf(value.constant!)),
    bias: bias ? Float32Array.from(numbersOf(bias.constant!)) : new Float32Array(outputs),
    padded: rule.weights.padded?.(node.attributes) ?? false,
    outputs,
    inputs: groups * depth,
    inputOf: (index) => Math.floor((outputOf(index) * groups) / outputs) * depth + (index % depth),
    outputOf,
  };
}

/** The layers of a graph with such weights, in order. */
export function layersOf(graph: Graph): ReadonlyMap<Node, LayerWeights> {
  const layers = new Map<Node, LayerWeights>();
  for (const node of graph.nodes()) {
    const layer = layerWeights(node);
    if (layer) layers.set(node, layer);
  }
  return layers;
}

/** Multiplies what each channel of the data is met by. */
export function scaleInputs({ weights, inputOf }: LayerWeights, factors: ArrayLike<number>): void {
  for (let index = 0; index < weights.length; index++) weights[index] *= factors[inputOf(index)];
}

/** Multiplies each channel of the result, as far as no activation limits it. */
export function scaleOutputs({ weights, bias, outputOf }: LayerWeights, factors: ArrayLike<number>): void {
  for (let index = 0; index < weights.length; index++) weights[index] *= factors[outputOf(index)];
  for (let channel = 0; channel < bias.length; channel++) bias[channel] *= factors[channel];
}

/** Greatest magnitude of the weights of each channel of the data. */
export function reachOfInputs({ weights, inputs, inputOf }: LayerWeights): Float64Array {
  return reachOf(weights, inputs, inputOf);
}

/** Greatest magnitude of the weights of each channel of the result. */
export function reachOfOutputs({ weights, outputs, outputOf }: LayerWeights): Float64Array {
  return reachOf(weights, outputs, outputOf);
}

function reachOf(weights: Float32Array, channels: number, channelOf: (index: number) => number): Float64Array {
  const reach = new Float64Array(channels);
  weights.forEach((weight, index) => {
    const channel = channelOf(index);
    reach[channel] = Math.max(reach[channel], Math.abs(weight));
  });
  return reach;
}

/** Puts changed weights and biases in the place of the layer's constants. */
export function putBack(graph: Graph, { node, weights, bias }: LayerWeights): void {
  const rule = node.op.quantization;
  if (rule.kind !== "free" || rule.weights === undefined) return;
  const replace = (name: string, numbers: Float32Array, shape: readonly number[]) => {
    const slot = slotOf(node, name);
    const label = node.inputs[slot]?.name ?? `${node.name}.${name}`;
    graph.setInput(node, slot, graph.addConstant(label, fromNumbers("f32", shape, numbers)));
  };
  replace(rule.weights.weights, weights, realWeights(node)!.constant!.shape);
  replace(rule.weights.bias, bias, [bias.length]);
}
