import {
  cloneGraph,
  type Graph,
  type Node,
  numbersOf,
  printGraph,
  type Tensor,
  type Value,
  verify,
} from "@millrace/ir";
import { averagePool2d, mean } from "@millrace/ops";
import { channelsLast, cleanUp, runPasses } from "@millrace/passes";
import { referenceEngine } from "@millrace/runtime";
import { describe, expect, test } from "vitest";
import { numberStream, randomTensor } from "../../../passes/src/testing.ts";
import { NetworkBuilder } from "../../../passes/src/testing-graphs.ts";
import { type Calibration, calibrate } from "../calibrate.ts";
import { quantizeGraph } from "../quantize.ts";
import { absorbBiases } from "./absorb-biases.ts";
import { layersOf } from "./layer-weights.ts";

/** A network whose first layer, a convolution of 3 channels to 4, has high biases for channels 1 and 3. */
function biasedNetwork(build: (n: NetworkBuilder, first: Value) => Value | readonly Value[], limit?: number): Graph {
  const n = new NetworkBuilder();
  const first = n.conv(n.input("x", [1, 3, 8, 8]), 4, 1);
  const built = build(n, limit === undefined ? first : n.relu(first, limit));
  const graph = n.finish(...[built].flat());
  runPasses(graph, [...cleanUp, ...channelsLast([])]);
  const bias = firstLayer(graph).inputs[2]!.constant!.data as Float32Array;
  bias[1] += 3;
  bias[3] += 20;
  return graph;
}

const firstLayer = (graph: Graph): Node => [...graph.nodes()].find(({ op }) => op.name === "conv2d")!;

async function* samples(): AsyncGenerator<ReadonlyMap<string, Tensor>> {
  for (const seed of [1, 2, 3]) yield new Map([["x", randomTensor([1, 8, 8, 3], numberStream(seed))]]);
}

const calibrated = (graph: Graph): Promise<Calibration> => calibrate(graph, referenceEngine(), samples());

async function resultsOf(graph: Graph): Promise<readonly number[]> {
  const prepared = await referenceEngine().prepare(graph);
  const results: number[] = [];
  for await (const feeds of samples()) {
    const outputs = await prepared.run(feeds);
    for (const { name } of graph.outputs) results.push(...Array.from(numbersOf(outputs.get(name)!)));
  }
  return results;
}

async function absorbed(source: Graph) {
  const { graph } = cloneGraph(source);
  const { changes, decisions } = runPasses(graph, [absorbBiases(await calibrated(graph))]);
  expect(verify(graph)).toEqual([]);
  return { graph, changes: changes["absorb-biases"], notes: decisions.map(({ message }) => message) };
}

/** The least of each channel of the first layer's results. */
async function minimaOf(graph: Graph): Promise<readonly number[]> {
  return Array.from((await calibrated(graph)).minima.get(firstLayer(graph).outputs[0])!);
}

async function expectSameResults(graph: Graph, expected: Graph) {
  const [actual, wanted] = [await resultsOf(graph), await resultsOf(expected)];
  for (const [at, value] of actual.entries()) expect(value).toBeCloseTo(wanted[at], 4);
}

/** An average pool whose windows reach beyond the data. */
function paddedPool(n: NetworkBuilder, x: Value): Value {
  const { attributes } = n.averagePool(x, 2).producer!;
  return n.node(averagePool2d, [x], { ...attributes, padding: [1, 1, 1, 1] });
}

const unlimited = Number.POSITIVE_INFINITY;

describe("absorb-biases", () => {
  test.each<readonly [string, Parameters<typeof biasedNetwork>[0]]>([
    ["a convolution", (n, x) => n.conv(x, 5, 3)],
    ["a depthwise convolution", (n, x) => n.conv(x, 4, 3, { groups: 4 })],
    ["two layers", (n, x) => [n.conv(x, 5, 1), n.conv(x, 2, 3)]],
    ["a layer behind pools", (n, x) => n.conv(n.averagePool(n.maxPool(x, 2), 2), 5, 1)],
    ["a layer behind a limit of its own", (n, x) => n.conv(n.maxPool(n.relu(x, 100), 2), 5, 1)],
    ["a layer of means", (n, x) => n.linear(n.reshape(n.globalMean(x), [1, 4]), 3)],
    ["a layer of all places", (n, x) => n.linear(n.reshape(x, [1, 256]), 3)],
  ])("lets the biases of %s make up for lower channels", async (_, build) => {
    const source = biasedNetwork(build, unlimited);
    const { graph, changes, notes } = await absorbed(source);
    expect(changes).toBe(1);
    expect(notes[0]).toMatch(/^[2-4] of 4 channels are lowered, by up to [0-9.]+$/);
    expect((await minimaOf(source))[3]).toBeGreaterThan(5);
    for (const least of await minimaOf(graph)) expect(least).toBeLessThan(1e-5);
    await expectSameResults(graph, source);
  });

  test.each<readonly [string, RegExp, Parameters<typeof biasedNetwork>[0]]>([
    ["pads them", /pads them with zeros/, (n, x) => n.conv(x, 5, 3, { padding: 1 })],
    [
      "pads them beside another that does not",
      /pads them/,
      (n, x) => [n.conv(x, 5, 1), n.conv(x, 4, 3, { padding: 1 })],
    ],
    ["adds them to something", /\(add\) takes them/, (n, x) => n.add(n.conv(x, 4, 1), x)],
    ["gives them as a result", /an output of the graph/, (n, x) => [x, n.conv(x, 5, 1)]],
    [
      "means them over channels",
      /\(mean\)/,
      (n, x) => [n.node(mean, [x], { axes: [1], keepDims: false }), n.conv(x, 5, 1)],
    ],
    ["pads them in a pool", /\(averagePool2d\)/, (n, x) => [paddedPool(n, x), n.conv(x, 5, 1)]],
  ])("leaves channels as they are where something %s, and says why", async (_, why, build) => {
    const source = biasedNetwork(build, unlimited);
    const { graph, changes, notes } = await absorbed(source);
    expect(changes).toBe(0);
    expect(notes).toEqual([expect.stringMatching(why)]);
    expect(printGraph(graph, { constants: "full" })).toBe(printGraph(source, { constants: "full" }));
  });

  test.each([
    ["its own", (n: NetworkBuilder, x: Value) => n.conv(x, 5, 1), 22],
    ["one behind it", (n: NetworkBuilder, x: Value) => n.conv(n.relu(n.maxPool(x, 2), 22), 5, 1), unlimited],
  ])(
    "leaves channels as they are that reach a limit, %s, and lowers those that stay below",
    async (_, build, limit) => {
      const source = biasedNetwork(build, limit);
      const { graph, notes } = await absorbed(source);
      expect(notes[0]).toMatch(/^1 of 4 channels/);
      const [before, after] = [await minimaOf(source), await minimaOf(graph)];
      expect(before[1]).toBeGreaterThan(0.5);
      expect(after[1]).toBeCloseTo(0, 5);
      expect(after[3]).toBe(before[3]);
      await expectSameResults(graph, source);
    },
  );

  test("leaves a graph alone of which nothing was seen, and channels that no layer reads", async () => {
    const unseen = { minima: new Map(), maxima: new Map() };
    const read = biasedNetwork((n, x) => n.conv(x, 5, 1), unlimited);
    expect(runPasses(read, [absorbBiases(unseen)]).changes["absorb-biases"]).toBe(0);
    const unread = biasedNetwork((n, x) => n.softmax(x), unlimited);
    expect(await absorbed(unread)).toMatchObject({ changes: 0, notes: [] });
  });

  test("leaves a network in integers with less noise where channels with high biases took its range", async () => {
    const source = biasedNetwork((n, x) => n.conv(x, 5, 3), unlimited);
    makeUpFor(source, [0, 3, 0, 20]);
    const { graph } = await absorbed(source);
    const [before, after] = [await noiseOf(source, source), await noiseOf(graph, source)];
    expect(after).toBeGreaterThan(before + 10);
  });
});

/** Takes offsets of the first layer's channels out of the bias of the second, as training would. */
function makeUpFor(graph: Graph, offsets: readonly number[]): void {
  const [, [second, { weights, inputOf, outputOf }]] = layersOf(graph);
  const bias = second.inputs[2]!.constant!.data as Float32Array;
  weights.forEach((weight, index) => {
    bias[outputOf(index)] -= weight * offsets[inputOf(index)];
  });
}

/** Signal to noise of a graph's int8 form against the results of a float graph, in dB. */
async function noiseOf(graph: Graph, reference: Graph): Promise<number> {
  const integers = quantizeGraph(graph, await calibrated(graph), { io: "float32" }).graph;
  const [expected, actual] = [await resultsOf(reference), await resultsOf(integers)];
  const power = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number * number, 0);
  return 10 * Math.log10(power(expected) / power(actual.map((value, at) => value - expected[at])));
}
