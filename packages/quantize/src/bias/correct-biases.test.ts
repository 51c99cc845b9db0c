import { fromNumbers, type Graph, numbersOf, type Tensor, verify } from "@millrace/ir";
import { channelsLast, cleanUp, runPasses } from "@millrace/passes";
import { referenceEngine } from "@millrace/runtime";
import { expect, test } from "vitest";
import { numberStream, randomTensor } from "../../../passes/src/testing.ts";
import { NetworkBuilder } from "../../../passes/src/testing-graphs.ts";
import { calibrate } from "../calibrate.ts";
import { quantizeGraph } from "../quantize.ts";
import { correctBiases } from "./correct-biases.ts";

function network(): Graph {
  const n = new NetworkBuilder();
  const first = n.relu(n.conv(n.input("x", [1, 3, 8, 8]), 8, 3, { padding: 1 }));
  const graph = n.finish(n.conv(n.relu(n.conv(first, 8, 3, { padding: 1, groups: 8 })), 4, 1));
  runPasses(graph, [...cleanUp, ...channelsLast([])]);
  return graph;
}

const next = numberStream(17);
const samples = Array.from({ length: 8 }, () => new Map([["x", randomTensor([1, 8, 8, 3], next)]]));

async function* stream<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

/** Greatest mean error of a channel of a graph's result, of type float32, over all samples. */
async function meanError(float: Graph, integers: Graph): Promise<number> {
  const sums = new Float64Array(4);
  const run = async (graph: Graph, feeds: ReadonlyMap<string, Tensor>) => {
    const prepared = await referenceEngine().prepare(graph);
    return numbersOf((await prepared.run(feeds)).get(graph.outputs[0].name)!);
  };
  for (const feeds of samples) {
    const [expected, actual] = [await run(float, feeds), await run(integers, feeds)];
    for (let at = 0; at < actual.length; at++) sums[at % 4] += (actual[at] - expected[at]) / actual.length;
  }
  return Math.max(...sums.map(Math.abs)) / samples.length;
}

async function quantized(float: Graph) {
  const seen = await calibrate(float, referenceEngine(), stream(samples));
  return quantizeGraph(float, seen, { scheme: "int4", biasCorrection: false, io: "float32" }).graph;
}

test("takes out of the biases what layers are off by in the mean, with graphs that stay valid", async () => {
  const float = network();
  const integers = await quantized(float);
  const before = await meanError(float, integers);
  const feeds = samples.map((each) => ({ reference: each, quantized: each }));
  const runnable = (graph: Graph) => ({ graph, engine: referenceEngine() });
  expect(await correctBiases(runnable(float), runnable(integers), stream(feeds))).toBe(3);
  expect(verify(integers)).toEqual([]);
  expect(await meanError(float, integers)).toBeLessThan(before / 3);
});

test("leaves biases as they are without results to tell by", async () => {
  const float = network();
  const integers = await quantized(float);
  const biases = () =>
    [...integers.nodes()].flatMap(({ inputs }) =>
      inputs[2]?.constant ? [Array.from(numbersOf(inputs[2].constant))] : [],
    );
  const before = biases();
  const runnable = (graph: Graph) => ({ graph, engine: referenceEngine() });
  const far = new Map([["x", fromNumbers("f32", [1, 8, 8, 3], new Float64Array(192).fill(1e6))]]);
  await correctBiases(runnable(float), runnable(integers), stream([{ reference: far, quantized: far }]));
  expect(biases().slice(0, 1)).toEqual(before.slice(0, 1));
});
