import { integerRange, numbersOf, type Tensor, type Value } from "@millrace/ir";
import type { PreparedGraph } from "@millrace/runtime";
import { representable } from "../parameters.ts";
import { valueTwins } from "../twins/value-twins.ts";
import { accumulatorHeadroom, type Headroom } from "./accumulators.ts";
import { type Agreement, AgreementSum } from "./agreement.ts";
import { ChannelRanges, type ChannelSummary } from "./channel-ranges.ts";
import { isolatedFeeds, isolateLayers } from "./isolate.ts";
import type { PairedFeeds, Runnable } from "./paired-feeds.ts";

/** How an integer result compares with the float one that it stands for, over all samples. */
export interface LayerAnalysis extends Agreement {
  readonly name: string;
  /** What the layer does wrong itself: its agreement where its data is the float graph's. Undefined where a graph keeps states. */
  readonly isolated?: Agreement;
  /** Share of the float values beyond what the integers can stand for. */
  readonly clipped: number;
  /** Of the float values; undefined where too few were seen. */
  readonly channels?: ChannelSummary;
  /** Where the layer sums products in 32 bits. */
  readonly headroom?: Headroom;
}

/**
 * Runs both graphs on the samples and compares every quantized result with its float twin, as it comes out of the whole integer graph and as each
 * layer alone makes it. Memory does not grow with the number of samples.
 */
export async function analyzeLayers(
  reference: Runnable,
  quantized: Runnable,
  samples: AsyncIterable<PairedFeeds>,
): Promise<readonly LayerAnalysis[]> {
  const layers = [...valueTwins(reference.graph, quantized.graph)].map(([value, twin]) => new Layer(value, twin));
  const hasStates = quantized.graph.states.length > 0;
  const alone = hasStates ? undefined : isolateLayers(quantized.graph, new Set(layers.map(({ value }) => value.name)));
  const prepared: PreparedGraph[] = [];
  const prepare = async ({ graph, engine }: Runnable, wanted: readonly Value[]) => {
    const made = await engine.prepare(graph, wanted);
    prepared.push(made);
    return made;
  };
  try {
    const float = await prepare(
      reference,
      layers.map(({ twin }) => twin),
    );
    const whole = await prepare(
      quantized,
      layers.map(({ value }) => value),
    );
    const single = alone && (await prepare({ ...quantized, graph: alone.graph }, [...alone.results.values()]));
    for await (const feeds of samples) {
      const expected = await float.run(feeds.reference);
      const actual = await whole.run(feeds.quantized);
      for (const layer of layers) layer.add(expected.get(layer.twin.name)!, actual.get(layer.value.name)!);
      if (alone === undefined || single === undefined) continue;
      const isolated = await single.run(isolatedFeeds(alone, feeds.quantized, layers, expected));
      for (const layer of layers) layer.addIsolated(expected.get(layer.twin.name)!, isolated.get(layer.value.name)!);
    }
  } finally {
    for (const each of prepared) await each.dispose();
  }
  const headroom = accumulatorHeadroom(quantized.graph);
  return layers.map((layer) => layer.result(headroom.get(layer.value.name), !hasStates));
}

/** A result of the quantized graph, the float value of the same name, and what has been seen of both. */
class Layer {
  readonly value: Value;
  readonly twin: Value;
  readonly #whole = new AgreementSum();
  readonly #isolated = new AgreementSum();
  readonly #ends: readonly [number, number];
  #channels: ChannelRanges | undefined;
  #beyond = 0;
  #count = 0;

  constructor(value: Value, twin: Value) {
    this.value = value;
    this.twin = twin;
    this.#ends = integerRange(value.type.dtype);
  }

  add(expected: Tensor, actual: Tensor): void {
    const reals = numbersOf(expected);
    const { dtype, quantization } = this.value.type;
    this.#whole.add(reals, numbersOf(actual), quantization!, this.#ends);
    const [scale] = quantization!.scale;
    const { minimum, maximum } = representable(quantization!, dtype);
    for (let index = 0; index < reals.length; index++)
      if (reals[index] < minimum - scale / 2 || reals[index] > maximum + scale / 2) this.#beyond++;
    this.#count += reals.length;
    this.#channels ??= new ChannelRanges(expected.shape.at(-1) ?? 1);
    this.#channels.add(expected);
  }

  addIsolated(expected: Tensor, actual: Tensor): void {
    this.#isolated.add(numbersOf(expected), numbersOf(actual), this.value.type.quantization!, this.#ends);
  }

  result(headroom: Headroom | undefined, isIsolated: boolean): LayerAnalysis {
    const channels = this.#channels?.summary();
    return {
      name: this.value.name,
      ...this.#whole.result(),
      ...(isIsolated && { isolated: this.#isolated.result() }),
      clipped: this.#count === 0 ? 0 : this.#beyond / this.#count,
      ...(channels && { channels }),
      ...(headroom && { headroom }),
    };
  }
}
