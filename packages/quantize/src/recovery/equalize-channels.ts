import type { Node, Value } from "@millrace/ir";
import { averagePool2d, clamp, maxPool2d } from "@millrace/ops";
import type { Pass } from "@millrace/passes";
import { type LayerWeights, layerWeights, putBack } from "./layer-weights.ts";

/** Sweeps over all pairs of layers, which mostly settle after a few. */
const mostSweeps = 20;
/** A sweep that changes no channel by more than this part is the last. */
const settled = 0.01;
/** Most that a channel is scaled by in all: beyond it lie channels that do nothing. */
const greatestScale = 2 ** 12;

/** Two layers where channel i of the first's result is channel i of the second's data, times a factor that passes through. */
interface Pair {
  readonly first: LayerWeights;
  readonly second: LayerWeights;
}

/**
 * Scales the channels between two layers so that the first's weights for each and the second's that meet it have equal ranges: one scale for all
 * weights of a layer then fits all of them. Nothing else changes, since what lies between keeps positive factors (Nagel et al., "Data-Free
 * Quantization through Weight Equalization and Bias Correction", 2019, section 4.1).
 */
export const equalizeChannels: Pass = {
  name: "equalize-channels",
  run(graph) {
    const layers = new Map<Node, LayerWeights>();
    for (const node of graph.nodes()) {
      const layer = layerWeights(node);
      if (layer) layers.set(node, layer);
    }
    const pairs = [...layers.values()].flatMap((second) => {
      const first = layerBefore(second.data, layers);
      return first && first.outputs === second.inputs ? [{ first, second }] : [];
    });
    for (let sweep = 0, change = 1; sweep < mostSweeps && change > settled; sweep++) {
      change = Math.max(0, ...pairs.map(equalize));
    }
    for (const layer of new Set(pairs.flatMap(({ first, second }) => [first, second]))) putBack(graph, layer);
    return pairs.length;
  },
};

/** The layer whose channels arrive at a value one for one and read by nobody else, through nodes that keep positive factors. */
function layerBefore(value: Value, layers: ReadonlyMap<Node, LayerWeights>): LayerWeights | undefined {
  for (let current: Value | undefined = value; current?.producer && current.uses.size === 1; ) {
    const node: Node = current.producer;
    const layer = layers.get(node);
    if (layer) return ["none", "relu"].includes(node.attributes["activation"] as string) ? layer : undefined;
    if (!keepsFactors(node)) return undefined;
    current = node.inputs[0];
  }
  return undefined;
}

function keepsFactors({ op, attributes }: Node): boolean {
  if (op === clamp) return attributes["minimum"] === 0 && attributes["maximum"] === Number.POSITIVE_INFINITY;
  return op === maxPool2d || (op === averagePool2d && ["none", "relu"].includes(attributes["activation"] as string));
}

/** Gives both layers' ranges of each channel their geometric mean; tells by what part the most changed one did. */
function equalize({ first, second }: Pair): number {
  const made = rangesOf(first.weights, first.outputs, first.outputOf);
  const met = rangesOf(second.weights, second.inputs, second.inputOf);
  const factors = made.map((range, channel) => {
    const factor = range > 0 && met[channel] > 0 ? Math.sqrt(met[channel] / range) : 1;
    return Math.min(greatestScale, Math.max(1 / greatestScale, factor));
  });
  first.weights.forEach((weight, index) => {
    first.weights[index] = weight * factors[first.outputOf(index)];
  });
  first.bias.forEach((offset, channel) => {
    first.bias[channel] = offset * factors[channel];
  });
  second.weights.forEach((weight, index) => {
    second.weights[index] = weight / factors[second.inputOf(index)];
  });
  return factors.reduce((most, factor) => Math.max(most, Math.abs(Math.log(factor))), 0);
}

/** Greatest magnitude of the weights of each channel. */
function rangesOf(weights: Float32Array, channels: number, channelOf: (index: number) => number): Float64Array {
  const ranges = new Float64Array(channels);
  weights.forEach((weight, index) => {
    const channel = channelOf(index);
    ranges[channel] = Math.max(ranges[channel], Math.abs(weight));
  });
  return ranges;
}
