import { fromNumbers, type Graph, integerRange, type Node, numbersOf, type Tensor, type Value } from "@millrace/ir";
import { isolatedFeeds, isolateLayers, type Twins } from "../analysis/isolate.ts";
import type { PairedFeeds, Runnable } from "../analysis/paired-feeds.ts";
import { slotOf } from "../slot.ts";
import { valueTwins } from "../twins/value-twins.ts";
import { greatestBias } from "../weighted-layer.ts";

/** Results that tell a channel's mean error; fewer tell too little. */
const fewestResults = 16;

/**
 * Takes what each layer of an integer graph is seen to be off by in the mean out of its bias, in place: the empirical bias correction of Nagel et al.,
 * "Data-Free Quantization through Weight Equalization and Bias Correction", 2019, section 4.2 and appendix D, with every layer on the float graph's
 * data, so that one pass over the samples is enough. Results at either end of the integers' range count for nothing. Gives the number of layers.
 */
export async function correctBiases(
  reference: Runnable,
  quantized: Runnable,
  samples: AsyncIterable<PairedFeeds>,
): Promise<number> {
  const twins = [...valueTwins(reference.graph, quantized.graph)].map(([value, twin]) => ({ value, twin }));
  const layers = biasedLayers(twins);
  const alone = isolateLayers(quantized.graph, new Set(twins.map(({ value }) => value.name)));
  const results = layers.map(({ value }) => alone.results.get(value.name)!);
  const float = await reference.engine.prepare(
    reference.graph,
    twins.map(({ twin }) => twin),
  );
  try {
    const single = await quantized.engine.prepare(alone.graph, results);
    try {
      for await (const feeds of samples) {
        const expected = await float.run(feeds.reference);
        const actual = await single.run(isolatedFeeds(alone, feeds.quantized, twins, expected));
        for (const layer of layers) layer.add(expected.get(layer.twin.name)!, actual.get(layer.value.name)!);
      }
    } finally {
      await single.dispose();
    }
  } finally {
    await float.dispose();
  }
  for (const layer of layers) layer.correct(quantized.graph);
  return layers.length;
}

/** The layers of an integer graph with constant biases, one for each index of the last axis. */
function biasedLayers(twins: readonly Twins[]): readonly BiasedLayer[] {
  return twins.flatMap(({ value, twin }) => {
    const node = value.producer!;
    const { quantization } = node.op;
    const rule = quantization.kind === "free" ? quantization.weights : undefined;
    if (rule === undefined) return [];
    const slot = slotOf(node, rule.bias);
    const bias = node.inputs[slot];
    if (bias?.constant === undefined || bias.type.quantization === undefined) return [];
    return bias.constant.shape[0] === value.type.shape.at(-1)
      ? [new BiasedLayer({ node, slot, bias, value, twin })]
      : [];
  });
}

interface Place extends Twins {
  readonly node: Node;
  /** Which of the node's inputs the bias is. */
  readonly slot: number;
  readonly bias: Value;
}

/** A layer with a bias for each index of its result's last axis, and what these are off by. */
class BiasedLayer {
  readonly value: Value;
  readonly twin: Value;
  readonly #place: Place;
  readonly #sums: Float64Array;
  readonly #counts: Float64Array;

  constructor(place: Place) {
    this.#place = place;
    this.value = place.value;
    this.twin = place.twin;
    this.#sums = new Float64Array(place.bias.constant!.shape[0]);
    this.#counts = new Float64Array(this.#sums.length);
  }

  add(expected: Tensor, actual: Tensor): void {
    const { dtype, quantization } = this.value.type;
    const [low, high] = integerRange(dtype);
    const [scale, zeroPoint] = [quantization!.scale[0], quantization!.zeroPoint[0]];
    const [reals, integers] = [numbersOf(expected), numbersOf(actual)];
    const isInside = (steps: number) => steps > low + 0.5 && steps < high - 0.5;
    for (let index = 0; index < reals.length; index++) {
      const steps = reals[index] / scale + zeroPoint;
      if (!isInside(steps) || !isInside(integers[index])) continue;
      const channel = index % this.#sums.length;
      this.#sums[channel] += (integers[index] - steps) * scale;
      this.#counts[channel]++;
    }
  }

  correct(graph: Graph): void {
    const { node, slot, bias } = this.#place;
    const { dtype, quantization } = bias.type;
    const { scale } = quantization!;
    const most = greatestBias[dtype as "i32" | "i64"];
    const corrected = Float64Array.from(numbersOf(bias.constant!), (stored, channel) => {
      if (this.#counts[channel] < fewestResults) return stored;
      const error = this.#sums[channel] / this.#counts[channel];
      const better = Math.round(stored - error / scale[channel % scale.length]);
      return Math.abs(better) <= most ? better : stored;
    });
    const tensor = fromNumbers(dtype, bias.constant!.shape, corrected);
    graph.setInput(node, slot, graph.addConstant(bias.name, tensor, quantization));
  }
}
