import type { Node, Value } from "@millrace/ir";
import { type Activation, activationRanges, averagePool2d, clamp, maxPool2d } from "@millrace/ops";
import type { Pass } from "@millrace/passes";
import type { Calibration } from "../calibrate.ts";
import {
  type LayerWeights,
  layersOf,
  putBack,
  reachOfInputs,
  reachOfOutputs,
  scaleInputs,
  scaleOutputs,
} from "./layer-weights.ts";

/** Sweeps over all pairs of layers, which mostly settle after a few. */
const mostSweeps = 20;
/** A sweep that changes no channel by more than this part is the last. */
const settled = 0.01;
/** Most that a channel is scaled by in all. Where its weights are further below the layer's greatest it does nothing, and stays. */
const greatestScale = 2 ** 12;

/** A channel that comes this near to the limit is taken to reach it. */
const nearLimit = 0.999;

/** Two layers where channel i of the first's result is channel i of the second's data, times a factor that passes through. */
interface Pair {
  readonly first: LayerWeights;
  readonly second: LayerWeights;
  /** What each channel has been scaled by so far. */
  readonly scales: Float64Array;
  /** Where the first's results are limited: the greatest of each channel over the limit, as it was. */
  readonly fill?: Float64Array;
}

/**
 * Scales the channels between two layers so that the first's weights for each and the second's that meet it have equal ranges: one scale for all
 * weights of a layer then fits all of them. What a layer computes stays the same where what lies between keeps positive factors (Nagel et al.,
 * "Data-Free Quantization through Weight Equalization and Bias Correction", 2019, section 4.1). Between limited activations, of which `maxima`
 * has the greatest that each channel reached and that are read directly, channels that reach the limit stay as they are, and others grow up to it at most.
 */
export function equalizeChannels(maxima: Calibration["maxima"]): Pass {
  return {
    name: "equalize-channels",
    run(graph) {
      const layers = layersOf(graph);
      const pairs = [...layers.values()].flatMap((second) => pairBefore(second, layers, maxima.get(second.data)) ?? []);
      for (let sweep = 0, change = 1; sweep < mostSweeps && change > settled; sweep++) {
        change = Math.max(0, ...pairs.map(equalize));
      }
      for (const layer of new Set(pairs.flatMap(({ first, second }) => [first, second]))) putBack(graph, layer);
      return pairs.length;
    },
  };
}

function pairBefore(
  second: LayerWeights,
  layers: ReadonlyMap<Node, LayerWeights>,
  maxima: ArrayLike<number> | undefined,
): Pair | undefined {
  const first = layerBefore(second.data, layers);
  if (first === undefined || first.outputs !== second.inputs) return undefined;
  const [, limit] = activationRanges[first.node.attributes["activation"] as Activation];
  const scales = new Float64Array(first.outputs).fill(1);
  if (limit === Number.POSITIVE_INFINITY) return { first, second, scales };
  const isDirect = second.data === first.node.outputs[0];
  if (maxima === undefined || !isDirect) return undefined;
  return { first, second, scales, fill: Float64Array.from(maxima, (greatest) => greatest / limit) };
}

/** The layer whose channels arrive at a value one for one and read by nobody else, through nodes that keep positive factors. */
function layerBefore(value: Value, layers: ReadonlyMap<Node, LayerWeights>): LayerWeights | undefined {
  for (let current: Value | undefined = value; current?.producer && current.uses.size === 1; ) {
    const node: Node = current.producer;
    const layer = layers.get(node);
    if (layer) return node.attributes["activation"] === "reluN1To1" ? undefined : layer;
    if (!keepsFactors(node)) return undefined;
    current = node.inputs[0];
  }
  return undefined;
}

function keepsFactors({ op, attributes }: Node): boolean {
  if (op === clamp) return attributes["minimum"] === 0 && attributes["maximum"] === Number.POSITIVE_INFINITY;
  return op === maxPool2d || (op === averagePool2d && ["none", "relu"].includes(attributes["activation"] as string));
}

/** Gives both layers' ranges of each channel their geometric mean, as far as limits allow; tells by what part the most changed one did. */
function equalize({ first, second, scales, fill }: Pair): number {
  const [made, met] = [reachOfOutputs(first), reachOfInputs(second)];
  const [leastMade, leastMet] = [made, met].map((ranges) => greatestOf(ranges) / greatestScale);
  const wished = made.map((range, channel) =>
    range > leastMade && met[channel] > leastMet ? Math.sqrt(met[channel] / range) : 1,
  );
  const limited = fill
    ? withinLimits(
        wished,
        fill.map((share, channel) => share * scales[channel]),
      )
    : wished;
  const factors = limited.map(
    (factor, channel) =>
      Math.min(greatestScale, Math.max(1 / greatestScale, factor * scales[channel])) / scales[channel],
  );
  scaleOutputs(first, factors);
  scaleInputs(
    second,
    factors.map((factor) => 1 / factor),
  );
  factors.forEach((factor, channel) => {
    scales[channel] *= factor;
  });
  return factors.reduce((most, factor) => Math.max(most, Math.abs(Math.log(factor))), 0);
}

/** The factors over the mean of those of channels that reach the limit, whose own is 1; no channel exceeds the limit by its. */
function withinLimits(wished: Float64Array, fill: Float64Array): Float64Array {
  const full = wished.filter((_, channel) => fill[channel] >= nearLimit);
  const mean = full.length === 0 ? 1 : Math.exp(full.reduce((sum, factor) => sum + Math.log(factor), 0) / full.length);
  return wished.map((factor, channel) => {
    if (fill[channel] >= nearLimit) return 1;
    return fill[channel] > 0 ? Math.min(factor / mean, 1 / fill[channel]) : factor / mean;
  });
}

function greatestOf(numbers: Float64Array): number {
  return numbers.reduce((most, number) => Math.max(most, number), 0);
}
