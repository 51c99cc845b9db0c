import {
  cloneGraph,
  fromNumbers,
  type Graph,
  numbersOf,
  printGraph,
  type Tensor,
  type Value,
  verify,
} from "@millrace/ir";
import { layerNormalization, linear, reduceMax, rmsNormalization, transpose } from "@millrace/ops";
import { channelsLast, cleanUp, type PassReport, runPasses, spellNormalizations } from "@millrace/passes";
import { referenceEngine } from "@millrace/runtime";
import { describe, expect, test } from "vitest";
import { numberStream } from "../../../passes/src/testing.ts";
import { histogram, NetworkBuilder } from "../../../passes/src/testing-graphs.ts";
import { type Calibration, calibrate } from "../calibrate.ts";
import { type QuantizeOptions, quantizeGraph } from "../quantize.ts";
import { layersOf, reachOfInputs } from "./layer-weights.ts";
import { recoveries } from "./recoveries.ts";

const [rows, channels] = [8, 32];
const isOutlier = (channel: number) => channel % 10 === 3;

/** Outliers of channels, as multiples of what others reach. */
interface Planted {
  /** In the data, before the normalization. */
  readonly data?: number;
  /** In the gain of the normalization, where weights make up for it. */
  readonly gain?: number;
}

/** The numbers of a vector of channels: random ones, and the outliers times as much. */
function vector(n: NetworkBuilder, name: string, outlier: number, numberOf: () => number): Value {
  const numbers = Float64Array.from({ length: channels }, (_, at) => numberOf() * (isOutlier(at) ? outlier : 1));
  return n.graph.addConstant(name, fromNumbers("f32", [channels], numbers));
}

/** Queries, keys and values of normalized rows, between which `between` may stand. */
function attentionInputs(
  { data = 1, gain = 1 }: Planted,
  between: (n: NetworkBuilder, x: Value) => Value = (_, x) => x,
  normalization: typeof layerNormalization = layerNormalization,
): Graph {
  const n = new NetworkBuilder();
  const next = numberStream(9);
  const parameters = [
    vector(n, "gain", gain / data, () => 1 + 0.3 * next()),
    vector(n, "shift", gain, () => 0.2 * next()),
  ];
  const x = n.input("x", [1, rows, channels]);
  const normal = between(n, n.node(normalization, [x, ...parameters], { axes: [2], epsilon: 1e-5 }));
  const project = (name: string) => {
    const numbers = Float64Array.from(
      { length: channels ** 2 },
      (_, at) => next() / (isOutlier(at % channels) ? gain : 1),
    );
    const weights = n.graph.addConstant(name, fromNumbers("f32", [channels, channels], numbers));
    return n.node(linear, [normal, weights], { activation: "none" });
  };
  return prepared(n.finish(project("q"), project("k"), project("v")));
}

function prepared(graph: Graph): Graph {
  runPasses(graph, [...cleanUp, ...channelsLast([]), spellNormalizations]);
  return graph;
}

/** Takes the rows in another order, as windows of an image do. */
function inWindows(n: NetworkBuilder, x: Value): Value {
  const parts = n.node(transpose, [n.reshape(x, [1, 2, rows / 2, channels])], { permutation: [0, 2, 1, 3] });
  return n.reshape(parts, [1, rows, channels]);
}

async function* samples(outlier = 1): AsyncGenerator<ReadonlyMap<string, Tensor>> {
  const next = numberStream(5);
  for (let count = 0; count < 4; count++) {
    const numbers = Float64Array.from(
      { length: rows * channels },
      (_, at) => next() * (isOutlier(at % channels) ? outlier : 1),
    );
    yield new Map([["x", fromNumbers("f32", [1, rows, channels], numbers)]]);
  }
}

async function outputsOf(graph: Graph, outlier = 1): Promise<readonly number[]> {
  const engine = await referenceEngine().prepare(graph);
  const numbers: number[] = [];
  for await (const feeds of samples(outlier)) {
    const results = await engine.run(feeds);
    for (const { name } of graph.outputs) numbers.push(...Array.from(numbersOf(results.get(name)!)));
  }
  return numbers;
}

const textOf = (graph: Graph) => printGraph(graph, { constants: "full" });

interface Smoothed {
  readonly graph: Graph;
  readonly report: PassReport;
}

async function smoothed(source: Graph, outlier = 1): Promise<Smoothed> {
  const { graph } = cloneGraph(source);
  const seen: Calibration = await calibrate(graph, referenceEngine(), samples(outlier), { method: "minmax" });
  const report = runPasses(graph, [recoveries.smooth(seen)]);
  expect(verify(graph)).toEqual([]);
  return { graph, report };
}

/** Signal to noise of the integer form of a graph, in dB. */
async function quality(graph: Graph, outlier = 1, options: QuantizeOptions = {}): Promise<number> {
  const seen = await calibrate(graph, referenceEngine(), samples(outlier));
  const integers = quantizeGraph(graph, seen, { ...options, io: "float32" }).graph;
  const [expected, actual] = [await outputsOf(graph, outlier), await outputsOf(integers, outlier)];
  const signal = expected.reduce((sum, number) => sum + number ** 2, 0);
  return 10 * Math.log10(signal / expected.reduce((sum, number, at) => sum + (actual[at] - number) ** 2, 0));
}

describe("smooth-channels", () => {
  test("gives channels of outliers to the weights where a normalization's gain makes them, and integers lose far less", async () => {
    const graph = attentionInputs({ gain: 30 }, inWindows);
    const { graph: even, report } = await smoothed(graph);
    expect(report).toMatchObject({
      changes: { "smooth-channels": 1 },
      decisions: [{ message: expect.stringMatching(/^its widest channel reaches [1-3]\S* instead of [23]\d times/) }],
    });
    expect(histogram(even)).toEqual(histogram(graph));
    expect(await outputsOf(even)).toEqual(await outputsOf(graph));
    expect(await quality(even)).toBeGreaterThan((await quality(graph)) + 15);
  });

  test.each([
    ["layer", layerNormalization, {}, 0.3],
    ["root mean square", rmsNormalization, {}, 0.3],
    ["layer", layerNormalization, { scheme: "int4" }, 2],
    ["layer", layerNormalization, { layers: [{ scheme: "int16x8", operators: ["sub", "mul"] }] }, 1],
  ] as const)(
    "puts a product into a %s normalization whose gain the weights hold (case %#)",
    async (_, op, options, gained) => {
      const graph = attentionInputs({ data: 30 }, undefined, op as typeof layerNormalization);
      const { graph: even } = await smoothed(graph, 30);
      expect(histogram(even)).toEqual({ ...histogram(graph), mul: histogram(graph)["mul"] + 1 });
      expect(await outputsOf(even, 30)).toEqual(await outputsOf(graph, 30));
      expect(await quality(even, 30, options)).toBeGreaterThan((await quality(graph, 30, options)) + gained);
    },
  );

  test("gives all layers that read a value the same factors, by the greatest weights of any", async () => {
    const graph = attentionInputs({ gain: 30 }, inWindows);
    const { graph: even } = await smoothed(graph);
    const [before, after] = [graph, even].map((each) => [...layersOf(each).values()].map(reachOfInputs));
    const factors = after.map((reach, layer) => reach.map((most, channel) => most / before[layer][channel]));
    expect(factors[1]).toEqual(factors[0]);
    expect(factors[2]).toEqual(factors[0]);
    for (const [channel, factor] of factors[0].entries())
      if (isOutlier(channel)) expect(factor).toBeGreaterThanOrEqual(16);
      else expect(factor).toBeLessThanOrEqual(1);
  });

  test("takes factors into the weights and the bias of a layer without activation, and into the constants of products", async () => {
    const n = new NetworkBuilder();
    const first = n.linear(n.input("x", [1, rows, channels]), channels);
    const graph = n.finish(n.linear(first, 4));
    const [weights] = layersOf(graph).values();
    const uneven = weights.node.inputs[1]!.constant!.data as Float32Array;
    uneven.forEach((weight, index) => {
      uneven[index] = weight * (isOutlier(Math.floor(index / channels)) ? 50 : 1);
    });
    const { graph: even, report } = await smoothed(graph);
    expect(report.changes).toEqual({ "smooth-channels": 1 });
    expect(await outputsOf(even)).toEqual(await outputsOf(graph));
    expect(await quality(even)).toBeGreaterThan((await quality(graph)) + 3);
  });

  test("leaves channels that are even as they are, and those of rectified layers", async () => {
    const n = new NetworkBuilder();
    const rectified = n.relu(n.linear(n.input("x", [1, rows, channels]), channels));
    const layers = prepared(
      n.finish(
        n.linear(
          n.mul(
            rectified,
            vector(n, "ones", 1, () => 1),
          ),
          4,
        ),
      ),
    );
    for (const graph of [attentionInputs({}), layers]) {
      const { graph: same, report } = await smoothed(graph);
      expect(textOf(same)).toBe(textOf(graph));
      expect(report).toMatchObject({ changes: { "smooth-channels": 0 }, decisions: [] });
    }
  });

  test.each([
    ["a sum", "add", (n: NetworkBuilder, x: Value) => n.add(x, n.linear(x, channels))],
    ["softmax", "softmax", (n: NetworkBuilder, x: Value) => n.add(n.softmax(x), n.linear(x, channels))],
    [
      "greatest of a row",
      "reduceMax",
      (n: NetworkBuilder, x: Value) =>
        n.add(n.node(reduceMax, [x], { axes: [2], keepDims: true }), n.linear(x, channels)),
    ],
    [
      "the user",
      "an output of the graph",
      (n: NetworkBuilder, x: Value) => {
        n.graph.setOutputs([x]);
        return n.linear(x, channels);
      },
    ],
  ] as const)("refuses what %s reads too", async (_, reader, read) => {
    const n = new NetworkBuilder();
    const x = n.mul(
      n.input("x", [1, rows, channels]),
      vector(n, "gain", 30, () => 1),
    );
    const result = read(n, x);
    const graph = n.finish(...n.graph.outputs, result);
    const { graph: same, report } = await smoothed(graph);
    expect(textOf(same)).toBe(textOf(graph));
    expect(report.decisions).toMatchObject([{ pass: "smooth-channels", node: "mul_0" }]);
    expect(report.decisions[0].message).toContain(reader);
  });
});
