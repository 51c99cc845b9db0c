import { cloneGraph, type Graph, numbersOf, type Tensor, verify } from "@millrace/ir";
import { gelu, mul, sigmoid } from "@millrace/ops";
import { channelsLast, cleanUp, runPasses } from "@millrace/passes";
import { referenceEngine } from "@millrace/runtime";
import { describe, expect, test } from "vitest";
import { numberStream, randomTensor } from "../../../passes/src/testing.ts";
import { histogram, NetworkBuilder } from "../../../passes/src/testing-graphs.ts";
import { type Calibration, calibrate, noCalibration } from "../calibrate.ts";
import { activationType, schemes } from "../scheme.ts";
import { layerWeights } from "./layer-weights.ts";
import { type RecoveryName, recoveries } from "./recoveries.ts";

/** A convolution, a depthwise and a pointwise one, a pool and a linear layer, whose channels differ in size by up to 2000. */
function unequalNetwork(limit = Number.POSITIVE_INFINITY): Graph {
  const n = new NetworkBuilder();
  const first = n.relu(n.conv(n.input("x", [1, 3, 8, 8]), 8, 3, { padding: 1 }), limit);
  const second = n.relu(n.conv(first, 8, 3, { padding: 1, groups: 8 }), limit);
  const third = n.relu(n.conv(n.averagePool(second, 2), 8, 1));
  const graph = n.finish(n.linear(n.reshape(n.averagePool(third, 4), [1, 8]), 5));
  runPasses(graph, [...cleanUp, ...channelsLast([])]);
  for (const layer of layersOf(graph).slice(0, 3)) {
    const weights = layer.node.inputs[1]!.constant!.data as Float32Array;
    weights.forEach((weight, index) => {
      weights[index] = weight * 3 ** (layer.outputOf(index) - 5);
    });
  }
  return graph;
}

const layersOf = (graph: Graph) => [...graph.nodes()].flatMap((node) => layerWeights(node) ?? []);

function recovered(graph: Graph, name: RecoveryName, seen: Calibration = noCalibration): Graph {
  const copy = cloneGraph(graph).graph;
  runPasses(copy, [recoveries[name](seen)]);
  expect(verify(copy)).toEqual([]);
  return copy;
}

async function outputOf(graph: Graph, factor = 1): Promise<readonly number[]> {
  const next = numberStream(5);
  const x = randomTensor([1, 8, 8, 3], () => next() * factor);
  const prepared = await referenceEngine().prepare(graph);
  const results = await prepared.run(new Map([["x", x]]));
  return Array.from(numbersOf(results.get(graph.outputs[0].name)!));
}

/** What `outputOf` feeds. */
async function* samples(): AsyncGenerator<ReadonlyMap<string, Tensor>> {
  yield new Map([["x", randomTensor([1, 8, 8, 3], numberStream(5))]]);
}

/** Ratio of the greatest to the least range of a layer's output channels. */
function unevenness({ weights, outputs, outputOf }: ReturnType<typeof layersOf>[number]): number {
  const ranges = new Array<number>(outputs).fill(0);
  weights.forEach((weight, index) => {
    ranges[outputOf(index)] = Math.max(ranges[outputOf(index)], Math.abs(weight));
  });
  return Math.max(...ranges) / Math.min(...ranges);
}

describe("equalize-channels", () => {
  test("keeps what the graph computes and evens the ranges of channels, depthwise ones too", async () => {
    const graph = unequalNetwork();
    const equal = recovered(graph, "equalize");
    const [expected, actual] = [await outputOf(graph), await outputOf(equal)];
    const scale = Math.max(...expected.map(Math.abs));
    for (const [at, value] of actual.entries()) expect(Math.abs(value - expected[at])).toBeLessThan(1e-4 * scale);
    const [before, after] = [graph, equal].map((each) => layersOf(each).slice(0, 2).map(unevenness));
    for (const [at, ratio] of after.entries()) expect(ratio).toBeLessThan(before[at] / 10);
  });

  test("keeps what a graph with limits computes on the samples, and scales only channels that stay below them", async () => {
    const graph = cloneGraph(unequalNetwork(6)).graph;
    const seen = await calibrate(graph, referenceEngine(), samples());
    const before = layersOf(graph)[0];
    const expected = await outputOf(graph);
    runPasses(graph, [recoveries.equalize(seen)]);
    const actual = await outputOf(graph);
    const scale = Math.max(...expected.map(Math.abs));
    for (const [at, value] of actual.entries()) expect(Math.abs(value - expected[at])).toBeLessThan(1e-4 * scale);
    const full = Array.from(seen.maxima.get(before.node.outputs[0])!, (greatest) => greatest === 6);
    expect(full).toContain(true);
    layersOf(graph)[0].weights.forEach((weight, index) => {
      if (full[before.outputOf(index)]) expect(weight).toBe(before.weights[index]);
      else expect(weight).not.toBe(before.weights[index]);
    });
  });

  test("leaves channels alone whose limits nothing is known of, or that others read too", async () => {
    const limited = unequalNetwork(6);
    const [first] = layersOf(recovered(limited, "equalize"));
    expect(first.weights).toEqual(layersOf(limited)[0].weights);
    const graph = unequalNetwork();
    graph.setOutputs([...graph.outputs, layersOf(graph)[0].node.outputs[0]]);
    expect(layersOf(recovered(graph, "equalize"))[0].weights).toEqual(layersOf(graph)[0].weights);
  });

  test("leaves a channel as it is whose weights are so small that it does nothing", () => {
    const graph = unequalNetwork();
    const idle = layersOf(graph)[1].node.inputs[1]!.constant!.data as Float32Array;
    idle.forEach((weight, index) => {
      if (index < 9) idle[index] = weight * 1e-15;
    });
    const [before, after] = [graph, recovered(graph, "equalize")].map((each) => layersOf(each)[1]);
    const channel = (layer: typeof before) => layer.weights.filter((_, index) => layer.outputOf(index) === 0);
    expect(channel(after)).toEqual(channel(before));
    expect(after.bias[0]).toBe(before.bias[0]);
    expect(after.bias[1]).not.toBe(before.bias[1]);
  });

  test("keeps channels of zeros", async () => {
    const graph = unequalNetwork();
    (layersOf(graph)[0].node.inputs[1]!.constant!.data as Float32Array).fill(0, 0, 27);
    const [expected, actual] = [await outputOf(graph), await outputOf(recovered(graph, "equalize"))];
    const scale = Math.max(...expected.map(Math.abs));
    for (const [at, value] of actual.entries()) expect(Math.abs(value - expected[at])).toBeLessThan(1e-4 * scale);
    expect(actual.every(Number.isFinite)).toBe(true);
  });
});

test("unlimit-activations changes results only where values exceed 6", async () => {
  const n = new NetworkBuilder();
  const graph = n.finish(n.relu(n.conv(n.input("x", [1, 3, 8, 8]), 8, 1), 6));
  runPasses(graph, [...cleanUp, ...channelsLast([])]);
  const free = recovered(graph, "unlimit");
  expect([...free.nodes()].some(({ attributes }) => attributes["activation"] === "relu6")).toBe(false);
  expect(await outputOf(free, 1e-4)).toEqual(await outputOf(graph, 1e-4));
  expect(await outputOf(free, 100)).not.toEqual(await outputOf(graph, 100));
});

test("harden-activations puts hard swish in the place of a product with its own sigmoid, and of no other", async () => {
  const n = new NetworkBuilder();
  const x = n.conv(n.input("x", [1, 3, 8, 8]), 8, 1);
  const gated = n.node(mul, [n.node(sigmoid, [x]), x], { activation: "none" });
  const graph = n.finish(n.node(mul, [n.node(sigmoid, [n.conv(gated, 8, 1)]), gated], { activation: "none" }));
  runPasses(graph, [...cleanUp, ...channelsLast([])]);
  const hard = recovered(graph, "harden");
  expect(histogram(hard)).toEqual({ ...histogram(graph), sigmoid: 1, mul: 1, hardSwish: 1 });
  const [expected, actual] = [await outputOf(graph), await outputOf(hard)];
  const difference = Math.max(...actual.map((value, at) => Math.abs(value - expected[at])));
  expect(difference).toBeGreaterThan(0);
  expect(difference).toBeLessThan(0.3);
});

test("quicken-activations puts a product with a sigmoid in the place of GELU, as close as is said, with 16-bit forms", async () => {
  const n = new NetworkBuilder();
  const graph = n.finish(n.node(gelu, [n.input("x", [1, 8, 8, 3])], { approximate: false }));
  const quick = recovered(graph, "quicken");
  expect(histogram(quick)).toEqual({ mul: 2, sigmoid: 1 });
  const [expected, actual] = [await outputOf(graph, 6), await outputOf(quick, 6)];
  const difference = Math.max(...actual.map((value, at) => Math.abs(value - expected[at])));
  expect(difference).toBeGreaterThan(0.015);
  expect(difference).toBeLessThan(0.021);
  const types = [graph, quick].map((each) => [...each.nodes()].map((node) => activationType(node, schemes.int16x8)));
  expect(types).toEqual([["i8"], ["i16", "i16", "i16"]]);
});
