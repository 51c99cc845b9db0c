import { fromNumbers, type Graph, numbersOf, type Tensor, verify } from "@millrace/ir";
import { channelsLast, cleanUp, quantizeWeights, runPasses } from "@millrace/passes";
import { referenceEngine } from "@millrace/runtime";
import { describe, expect, test } from "vitest";
import { numberStream, randomTensor } from "../../../passes/src/testing.ts";
import { NetworkBuilder } from "../../../passes/src/testing-graphs.ts";
import { calibrate } from "../calibrate.ts";
import { quantizeGraph, type Seen } from "../quantize.ts";
import { collectProducts } from "./collect-products.ts";
import { compensateRounding } from "./compensate-rounding.ts";
import { InputProducts } from "./input-products.ts";

const [outputs, size, rows] = [8, 24, 200];
const next = numberStream(7);
/** Inputs that follow four hidden numbers, and so vary together. */
const mixing = Array.from({ length: size * 4 }, next);
const inputs = Array.from({ length: rows }, () => {
  const hidden = Array.from({ length: 4 }, next);
  return Float64Array.from(
    { length: size },
    (_, at) => 1 + 0.1 * next() + hidden.reduce((sum, part, index) => sum + part * mixing[at * 4 + index], 0),
  );
});
const weights = randomTensor([outputs, size], next);

function productsOf(patches: readonly Float64Array[]): InputProducts {
  const products = new InputProducts(1, size);
  products.add({ count: patches.length, read: (place, numbers) => numbers.set(patches[place]) });
  return products;
}

/** Mean square over the inputs of what a rounding changes, beyond its mean where that is corrected. */
function lossOf({ tensor, quantization }: ReturnType<typeof compensateRounding>, centered: boolean): number {
  const [real, stored] = [numbersOf(weights), numbersOf(tensor)];
  let loss = 0;
  for (let output = 0; output < outputs; output++) {
    const scale = quantization.scale[output % quantization.scale.length];
    const errors = inputs.map((input) =>
      input.reduce((sum, x, at) => sum + x * (stored[output * size + at] * scale - real[output * size + at]), 0),
    );
    const mean = centered ? errors.reduce((sum, error) => sum + error, 0) / rows : 0;
    loss += errors.reduce((sum, error) => sum + (error - mean) ** 2, 0) / rows;
  }
  return loss;
}

describe("weights whose rounding errors cancel", () => {
  test.each([
    ["i4", false, true],
    ["i4", false, false],
    ["i8", false, true],
    ["i4", true, true],
  ] as const)("%s, per tensor %s, centered %s", (dtype, perTensor, centered) => {
    const nearest = quantizeWeights(weights, 0, { dtype, perTensor, leastScale: () => 0 });
    const options = { products: productsOf(inputs), centered, leastScale: () => 0 };
    const compensated = compensateRounding(weights, nearest, options);
    expect(lossOf(compensated, centered)).toBeLessThan(lossOf(nearest, centered) / 3);
    expect(compensated.tensor.dtype).toBe(dtype);
    if (perTensor) expect(compensated.quantization).toEqual(nearest.quantization);
  });

  test("inputs that never vary leave weights rounded to the nearest", () => {
    const nearest = quantizeWeights(weights, 0, { dtype: "i8", perTensor: true, leastScale: () => 0 });
    const options = { products: productsOf([new Float64Array(size)]), centered: true, leastScale: () => 0 };
    expect(compensateRounding(weights, nearest, options).tensor.data).toEqual(nearest.tensor.data);
  });

  test("no scale falls below the least", () => {
    const nearest = quantizeWeights(weights, 0, { dtype: "i4", perTensor: false, leastScale: () => 0 });
    const leastScale = (channel: number) => nearest.quantization.scale[channel] * 0.99;
    const options = { products: productsOf(inputs), centered: true, leastScale };
    const { quantization } = compensateRounding(weights, nearest, options);
    for (const [channel, scale] of quantization.scale.entries())
      expect(scale).toBeGreaterThanOrEqual(leastScale(channel));
  });

  test("places with numbers that are not finite count for nothing", () => {
    const broken = inputs.flatMap((input, at) => (at % 50 === 0 ? [input.with(3, Number.NaN), input] : [input]));
    for (const centered of [true, false])
      for (const [at, value] of productsOf(broken).covariance(0, centered).entries())
        expect(value).toBeCloseTo(productsOf(inputs).covariance(0, centered)[at], 8);
  });
});

function network(): Graph {
  const n = new NetworkBuilder();
  const first = n.relu(n.conv(n.input("x", [1, 3, 8, 8]), 16, 3, { padding: 1 }));
  const second = n.relu(n.conv(first, 16, 3, { padding: 1, groups: 16 }));
  const graph = n.finish(n.linear(n.reshape(n.conv(second, 8, 1), [1, 512]), 5));
  runPasses(graph, [...cleanUp, ...channelsLast([])]);
  return graph;
}

/** Images whose colors vary together. */
const samples = Array.from({ length: 8 }, () => {
  const gray = Array.from({ length: 64 }, next);
  const x = Float64Array.from({ length: 192 }, (_, at) => gray[Math.floor(at / 3)] + 0.1 * next());
  return new Map<string, Tensor>([["x", fromNumbers("f32", [1, 8, 8, 3], x)]]);
});

async function* stream() {
  yield* samples;
}

/** Squared error of a graph's form with 4-bit weights over all samples. */
async function errorWith(graph: Graph, seen: Seen): Promise<number> {
  const { graph: quantized } = quantizeGraph(graph, seen, { scheme: "int4", io: "float32" });
  expect(verify(quantized)).toEqual([]);
  const [expected, actual] = [await referenceEngine().prepare(graph), await referenceEngine().prepare(quantized)];
  let error = 0;
  for (const feeds of samples) {
    const a = numbersOf((await expected.run(feeds)).get(graph.outputs[0].name)!);
    const b = numbersOf((await actual.run(feeds)).get(quantized.outputs[0].name)!);
    for (let at = 0; at < a.length; at++) error += (a[at] - b[at]) ** 2;
  }
  return error;
}

describe("collectProducts", () => {
  test("lets a network of convolutions lose less in 4 bits", async () => {
    const graph = network();
    const seen = await calibrate(graph, referenceEngine(), stream());
    const { products, diagnostics } = await collectProducts(graph, referenceEngine(), stream());
    expect(diagnostics).toEqual([]);
    expect(products.size).toBe(4);
    expect(await errorWith(graph, { ...seen, products })).toBeLessThan((await errorWith(graph, seen)) / 2);
  });

  test("leaves out a layer of too many inputs, and says so", async () => {
    const n = new NetworkBuilder();
    const graph = n.finish(n.linear(n.input("x", [1, 2050]), 2));
    const { products, diagnostics } = await collectProducts(graph, referenceEngine(), (async function* () {})());
    expect(products.size).toBe(0);
    expect(diagnostics.map(({ code, severity }) => `${severity} ${code}`)).toEqual([
      "info quantize.layer-too-large-to-compensate",
    ]);
  });
});
