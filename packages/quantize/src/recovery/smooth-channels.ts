import type { Graph, Node, Value } from "@millrace/ir";
import { isRefusal, type Pass, type Refusal } from "@millrace/passes";
import type { Calibration } from "../calibrate.ts";
import { type ChannelScaler, channelScaler } from "./channel-scaler.ts";
import { type LayerWeights, layersOf, putBack, reachOfInputs, scaleInputs } from "./layer-weights.ts";
import { type Reader, traceChannels } from "./trace-channels.ts";

type Extremes = Pick<Calibration, "minima" | "maxima">;

/** A channel that reaches less than this part of the greatest one is taken to reach it: what it adds hardly matters. */
const leastPart = 2 ** -12;

/** The widest channel, of data or weights, has to come to this part of its width at most for a change to be worth its products. */
const worthwhile = 0.5;

interface Smoothing {
  readonly scaler: ChannelScaler;
  readonly readers: readonly Reader[];
  /** What each channel is divided by, and the weights that meet it are multiplied with. */
  readonly factors: Float64Array;
  /** What it does, in words. */
  readonly effect: string;
}

/**
 * Divides each channel of what layers read by a factor that their weights are multiplied with, so that a channel of outliers leaves the others enough
 * steps: max|X_j|^alpha / max|W_j|^(1 - alpha) over all layers that read channel j (Xiao et al., "SmoothQuant", 2022, section 4). `seen` has what
 * channels reach on samples. Factors are powers of two, the mean of their logarithms about 0: real results stay the same to the last bit. Channels
 * that are nearly even stay as they are. Where nothing takes the factors before the layers, or all that reads the channels can't, nothing changes.
 */
export function smoothChannels(seen: Extremes, alpha = 0.5): Pass {
  const name = "smooth-channels";
  return {
    name,
    run(graph, { note }) {
      const layers = layersOf(graph);
      let changes = 0;
      for (const node of graph.nodes()) {
        const found = smoothingOf(node.outputs[0], layers, seen, alpha);
        if (found === undefined) continue;
        note({ pass: name, node: node.name, message: isRefusal(found) ? found.refused : found.effect });
        if (isRefusal(found)) continue;
        smooth(graph, found);
        changes++;
      }
      return changes;
    },
  };
}

function smoothingOf(
  value: Value,
  layers: ReadonlyMap<Node, LayerWeights>,
  seen: Extremes,
  alpha: number,
): Smoothing | Refusal | undefined {
  const scaler = channelScaler(value, layers);
  if (scaler === undefined) return undefined;
  const readers = traceChannels(value, layers);
  if (isRefusal(readers)) return readers;
  const reach = reachOf(readers, Number(value.type.shape.at(-1)), seen);
  if (reach === undefined) return undefined;
  const factors = factorsFor(reach, alpha);
  const [before, after] = [reach, divided(reach, factors)].map(unevennessOf);
  if (Math.max(...after) > worthwhile * Math.max(...before)) return undefined;
  return { scaler, readers, factors, effect: effectOf(before, after) };
}

/** How far the data and the weights of each channel reach, as parts of the furthest. */
interface Reach {
  readonly data: Float64Array;
  readonly weights: Float64Array;
}

function reachOf(readers: readonly Reader[], channels: number, { minima, maxima }: Extremes): Reach | undefined {
  const [data, weights] = [new Float64Array(channels), new Float64Array(channels)];
  for (const { layer, channelOf } of readers) {
    const [least, greatest] = [minima, maxima].map((extremes) => extremes.get(layer.data));
    if (least === undefined || greatest === undefined) return undefined;
    const reach = reachOfInputs(layer);
    channelOf.forEach((channel, input) => {
      data[channel] = Math.max(data[channel], -least[input], greatest[input]);
      weights[channel] = Math.max(weights[channel], reach[input]);
    });
  }
  return { data: partsOfGreatest(data), weights: partsOfGreatest(weights) };
}

function partsOfGreatest(reach: Float64Array): Float64Array {
  const greatest = greatestOf(reach);
  return reach.map((each) => (greatest === 0 ? 1 : Math.max(leastPart, each / greatest)));
}

function factorsFor({ data, weights }: Reach, alpha: number): Float64Array {
  const exponents = data.map((part, channel) => alpha * Math.log2(part) - (1 - alpha) * Math.log2(weights[channel]));
  const mean = exponents.reduce((sum, exponent) => sum + exponent / exponents.length, 0);
  return exponents.map((exponent) => 2 ** Math.round(exponent - mean));
}

function divided({ data, weights }: Reach, factors: Float64Array): Reach {
  return {
    data: data.map((part, channel) => part / factors[channel]),
    weights: weights.map((part, channel) => part * factors[channel]),
  };
}

/** How many times as far as the median channel the furthest reaches, in the data and in the weights. */
function unevennessOf({ data, weights }: Reach): readonly number[] {
  return [data, weights].map((reach) => greatestOf(reach) / reach.toSorted()[Math.floor(reach.length / 2)]);
}

function effectOf(before: readonly number[], after: readonly number[]): string {
  const [data, weights] = before.map(
    (unevenness, at) => `${Number(after[at].toPrecision(2))} instead of ${Number(unevenness.toPrecision(2))} times`,
  );
  return `its widest channel reaches ${data} as far as the median, and that of the weights ${weights}`;
}

function greatestOf(numbers: Float64Array): number {
  return numbers.reduce((most, number) => Math.max(most, number), 0);
}

function smooth(graph: Graph, { scaler, readers, factors }: Smoothing): void {
  scaler(
    graph,
    factors.map((factor) => 1 / factor),
  );
  for (const { layer, channelOf } of readers) {
    scaleInputs(
      layer,
      channelOf.map((channel) => factors[channel]),
    );
    putBack(graph, layer);
  }
}
