import { fromNumbers, type Graph, numbersOf, type Tensor, verify } from "@millrace/ir";
import { channelsLast, cleanUp, runPasses } from "@millrace/passes";
import { referenceEngine } from "@millrace/runtime";
import { describe, expect, test } from "vitest";
import { numberStream } from "../../../passes/src/testing.ts";
import { NetworkBuilder } from "../../../passes/src/testing-graphs.ts";
import { calibrate } from "../calibrate.ts";
import { quantizeGraph, quantizeGraphInSteps, type Seen } from "../quantize.ts";
import { collectProducts } from "./collect-products.ts";
import type { Rounding } from "./round-weights.ts";

const next = numberStream(7);

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
async function errorWith(graph: Graph, seen: Seen, rounding: Rounding): Promise<number> {
  const { graph: quantized } = quantizeGraph(graph, seen, { scheme: "int4", io: "float32", rounding });
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
    const nearest = await errorWith(graph, { ...seen, products }, "nearest");
    const compensated = await errorWith(graph, { ...seen, products }, "compensated");
    expect(compensated).toBeLessThan(nearest / 2);
    expect(await errorWith(graph, { ...seen, products }, "learned")).toBeLessThan(compensated);
  });

  test("tells how far rounding is, and stops when it is asked to", async () => {
    const graph = network();
    const seen = await calibrate(graph, referenceEngine(), stream());
    const { products } = await collectProducts(graph, referenceEngine(), stream());
    const stop = new AbortController();
    const steps: number[] = [];
    const progress = (done: number) => {
      steps.push(done);
      if (done === 2) stop.abort();
    };
    const run = quantizeGraphInSteps(
      graph,
      { ...seen, products },
      { rounding: "learned" },
      { signal: stop.signal, progress },
    );
    await expect(run).rejects.toThrow("aborted");
    expect(steps).toEqual([1, 2]);
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
