import { fromNumbers, Graph, type Tensor, type Value } from "@millrace/ir";
import { conv2d, linear } from "@millrace/ops";
import { channelsLast, cleanUp, runPasses } from "@millrace/passes";
import { referenceEngine } from "@millrace/runtime";
import { describe, expect, test } from "vitest";
import { numberStream, randomTensor } from "../../../passes/src/testing.ts";
import { NetworkBuilder } from "../../../passes/src/testing-graphs.ts";
import { calibrate } from "../calibrate.ts";
import { type QuantizeOptions, quantizeGraph } from "../quantize.ts";
import { accumulatorHeadroom } from "./accumulators.ts";
import { analyzeLayers, type LayerAnalysis } from "./analyze-layers.ts";
import { findingsOf } from "./findings.ts";

const engine = referenceEngine();

type Plant = (weights: Float32Array, first: readonly Float32Array[]) => void;

/** Three convolutions; `plant` may change the weights of the second one, [8, 3, 3, 8], and those and the biases of the first, [8, 3, 3, 3]. */
function network(plant: Plant = () => {}): Graph {
  const n = new NetworkBuilder();
  const first = n.relu(n.conv(n.input("x", [1, 3, 8, 8]), 8, 3, { padding: 1 }));
  const third = n.conv(n.conv(first, 8, 3, { padding: 1 }), 8, 1);
  const graph = n.finish(n.linear(n.reshape(n.averagePool(third, 8), [1, 8]), 5));
  runPasses(graph, [...cleanUp, ...channelsLast([])]);
  const layers = [...graph.nodes()].filter(({ op }) => op === conv2d);
  const [firstConstants, [weights]] = layers.map(({ inputs }) =>
    inputs.slice(1).flatMap((value) => (value?.constant ? [value.constant.data as Float32Array] : [])),
  );
  plant(weights, firstConstants);
  return graph;
}

async function* samples(factor = 1): AsyncGenerator<ReadonlyMap<string, Tensor>> {
  const next = numberStream(7);
  for (let sample = 0; sample < 4; sample++) yield new Map([["x", randomTensor([1, 8, 8, 3], () => next() * factor)]]);
}

async function analyzed(
  graph: Graph,
  { calibrated = 1, ...options }: QuantizeOptions & { calibrated?: number } = {},
): Promise<readonly LayerAnalysis[]> {
  const calibration = await calibrate(graph, engine, samples(calibrated));
  const quantized = quantizeGraph(graph, calibration, { io: "float32", ...options });
  async function* pairs() {
    for await (const feeds of samples()) yield { reference: feeds, quantized: feeds };
  }
  return analyzeLayers({ graph, engine }, { graph: quantized.graph, engine }, pairs());
}

const resultOf = (graph: Graph): Value => [...graph.nodes()].filter(({ op }) => op === conv2d)[1].outputs[0];

describe("findings", () => {
  test("a sound network gives none, and a layer alone loses less than all before it together", async () => {
    const layers = await analyzed(network());
    expect(findingsOf(layers)).toEqual([]);
    const last = layers.at(-1)!;
    expect(last.isolated!.sqnrDb).toBeGreaterThan(last.sqnrDb);
    expect(layers[1].cosine).toBeGreaterThan(0.999);
    expect(layers.length).toBeGreaterThanOrEqual(4);
  });

  test.each([
    [
      "a channel that dwarfs the others",
      "quantize.wide-channel",
      (weights: Float32Array) => weights.fill(9, 0, 72),
      {},
      /channel 0 reaches \d+ times as far as most/,
    ],
    [
      "channels that do nothing",
      "quantize.constant-channels",
      (weights: Float32Array) => weights.fill(0, 72, 216),
      {},
      /never change on the samples: 1, 2/,
    ],
    [
      "one weight for data that is always 0 and no steps for the others",
      "quantize.noisy-layer",
      (weights: Float32Array, [first, bias]: readonly Float32Array[]) => {
        weights[4] = 400;
        first.fill(0, 4 * 27, 5 * 27);
        bias?.fill(0, 4, 5);
      },
      { perTensor: true },
      /loses more than other layers by itself/,
    ],
  ] as const)("name the layer with %s", async (_, code, plant, options, message) => {
    const graph = network(plant);
    const found = findingsOf(await analyzed(graph, options)).filter((finding) => finding.code === code);
    expect(found.map(({ at }) => at?.value)).toContain(resultOf(graph).name);
    expect(found[0].message).toMatch(message);
    expect(found[0].hint).toBeDefined();
  });

  test("tell that the samples are not what was calibrated with", async () => {
    const found = findingsOf(await analyzed(network(), { calibrated: 0.1 }));
    expect(found.some(({ code }) => code === "quantize.clipped-values")).toBe(true);
    expect(found[0].at?.value).toBeDefined();
  });

  test("tell in which channel the sums of a layer can overflow", () => {
    const inputs = 70_000;
    const graph = new Graph("long");
    const quantization = { scale: [1], zeroPoint: [0] };
    const x = graph.addInput("x", { dtype: "i8", shape: [1, inputs], quantization });
    const stored = new Float32Array(2 * inputs).fill(1, 0, inputs).fill(-127, inputs);
    const weights = graph.addConstant("w", fromNumbers("i8", [2, inputs], stored), quantization);
    const bias = graph.addConstant("b", fromNumbers("i32", [2], [0, -(2 ** 30)]), quantization);
    const outputTypes = [{ dtype: "i8" as const, shape: [1, 2], quantization }];
    const attributes = { activation: "none" };
    const node = graph.addNode({ op: linear, inputs: [x, weights, bias], attributes, name: "y", outputTypes });
    graph.setOutputs(node.outputs);
    const headroom = accumulatorHeadroom(graph).get("y")!;
    expect(headroom).toEqual({ channel: 1, bits: 31 - Math.log2(2 ** 30 + 127 * 128 * inputs) });
    const layer = { name: "y", sqnrDb: 40, cosine: 1, saturated: 0, clipped: 0, headroom };
    expect(findingsOf([layer]).map(({ code }) => code)).toEqual(["quantize.sums-may-overflow"]);
  });
});
