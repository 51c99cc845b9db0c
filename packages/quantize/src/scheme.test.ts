import { type Graph, type Node, numbersOf, parseGraph, type Tensor, type Value, verify } from "@millrace/ir";
import { hardSwish, operators } from "@millrace/ops";
import { channelsLast, cleanUp, runPasses } from "@millrace/passes";
import { type Engine, referenceEngine } from "@millrace/runtime";
import { describe, expect, test } from "vitest";
import { numberStream, randomTensor } from "../../passes/src/testing.ts";
import { histogram, NetworkBuilder } from "../../passes/src/testing-graphs.ts";
import { calibrate } from "./calibrate.ts";
import { needsCalibration } from "./needs-calibration.ts";
import { type QuantizeOptions, quantizeGraph } from "./quantize.ts";

const engine: Engine = referenceEngine();

function network(last = (n: NetworkBuilder, x: Value) => n.softmax(x)): Graph {
  const n = new NetworkBuilder();
  const x = n.relu(n.conv(n.input("x", [1, 3, 8, 8]), 16, 3, { padding: 1 }), 6);
  const y = n.relu(n.conv(x, 16, 3, { padding: 1 }));
  const graph = n.finish(last(n, n.linear(n.reshape(n.averagePool(n.add(x, y), 8), [1, 16]), 5)));
  runPasses(graph, [...cleanUp, ...channelsLast([])]);
  return graph;
}

function samplesOf(graph: Graph): ReadonlyMap<string, Tensor>[] {
  const next = numberStream(11);
  const [{ name, type }] = graph.inputs;
  return Array.from({ length: 6 }, () => new Map([[name, randomTensor(type.shape, next)]]));
}

async function* stream<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

async function quantized(graph: Graph, options: QuantizeOptions) {
  const calibration = await calibrate(graph, engine, stream(samplesOf(graph)));
  const result = quantizeGraph(graph, calibration, options);
  expect(verify(result.graph)).toEqual([]);
  return result;
}

/** Greatest difference of the results, without softmax, from the float network's, as a part of the greatest of those. */
async function errorOf(options: QuantizeOptions): Promise<number> {
  const float = network((_, x) => x);
  const { graph } = await quantized(float, { ...options, io: "float32" });
  const [expected, actual] = [await engine.prepare(float), await engine.prepare(graph)];
  let [difference, greatest] = [0, 0];
  for (const feeds of samplesOf(float)) {
    const [a, b] = [await expected.run(feeds), await actual.run(feeds)].map((results, at) =>
      numbersOf(results.get([float, graph][at].outputs[0].name)!),
    );
    for (let at = 0; at < a.length; at++) {
      difference = Math.max(difference, Math.abs(a[at] - b[at]));
      greatest = Math.max(greatest, Math.abs(a[at]));
    }
  }
  return difference / greatest;
}

const typesOf = (nodes: Iterable<Node>) => [...nodes].map(({ op, outputs }) => `${op.name} ${outputs[0].type.dtype}`);
const weightsOf = (graph: Graph) =>
  [...graph.nodes()].flatMap(({ op, inputs }) => (op.name === "conv2d" ? [inputs[1]!.type.dtype] : []));

describe("schemes", () => {
  test("16-bit data come nearer than 8-bit ones, 4-bit weights less near", async () => {
    const [bytes, words, halves] = [
      await errorOf({ scheme: "int8", biasCorrection: false }),
      await errorOf({ scheme: "int16x8", biasCorrection: false }),
      await errorOf({ scheme: "int4", biasCorrection: false }),
    ];
    expect(bytes).toBeLessThan(0.03);
    expect(words).toBeLessThan(bytes);
    expect(halves).toBeGreaterThan(bytes);
    expect(halves).toBeLessThan(0.3);
  });

  test("int16x8 has int16 data with zero points 0, int8 weights and int64 biases", async () => {
    const float = network();
    const { graph } = await quantized(float, { scheme: "int16x8" });
    expect(histogram(graph)).toEqual(histogram(float));
    for (const { op, inputs, outputs } of graph.nodes()) {
      expect(outputs[0].type).toMatchObject({ dtype: "i16", quantization: { zeroPoint: [0] } });
      if (op.name === "conv2d") expect(inputs.map((value) => value?.type.dtype)).toEqual(["i16", "i8", "i64"]);
    }
    expect(graph.inputs[0].type.dtype).toBe("i16");
  });

  test("int4 stores the weights of layers that can have them in 4 bits", async () => {
    const { graph } = await quantized(network(), { scheme: "int4" });
    expect(weightsOf(graph)).toEqual(["i4", "i4"]);
    for (const { op, inputs } of graph.nodes())
      if (op.name === "conv2d")
        for (const weight of numbersOf(inputs[1]!.constant!) as Int8Array)
          expect(Math.abs(weight)).toBeLessThanOrEqual(7);
  });

  test("dynamic keeps data real and the weights of great layers int8; float16 halves constants", async () => {
    const dynamic = await quantized(network(), { scheme: "dynamic" });
    expect(weightsOf(dynamic.graph)).toEqual(["f32", "i8"]);
    expect(dynamic.diagnostics).toEqual([]);
    expect(await errorOf({ scheme: "dynamic" })).toBeLessThan(0.02);
    const half = await quantized(network(), { scheme: "float16" });
    expect(histogram(half.graph)).toMatchObject({ cast: 6 });
    expect(await errorOf({ scheme: "float16" })).toBeLessThan(0.002);
    expect(needsCalibration(network(), { scheme: "float16" })).toBe(false);
  });

  test("layers named or of an operator take other schemes, with conversions at their borders only", async () => {
    const float = network();
    const second = [...float.nodes()].filter(({ op }) => op.name === "conv2d")[1];
    const { graph } = await quantized(float, {
      layers: [
        { operators: ["soft*"], scheme: "float32" },
        { nodes: [second.name], scheme: "int16x8" },
      ],
    });
    expect(typesOf(graph.nodes())).toEqual([
      "conv2d i8",
      "quantize i16",
      "conv2d i16",
      "quantize i8",
      "add i8",
      "averagePool2d i8",
      "reshape i8",
      "linear i8",
      "dequantize f32",
      "softmax f32",
    ]);
    expect(needsCalibration(float, { scheme: "float32", layers: [{ nodes: [second.name], scheme: "int8" }] })).toBe(
      true,
    );
  });

  test("what runtimes compute in 8 bits only stays in int8 among int16, and is reported", async () => {
    const n = new NetworkBuilder();
    const x = n.conv(n.input("x", [1, 3, 4, 4]), 4, 1);
    const graph = n.finish(n.node(hardSwish, [x]));
    runPasses(graph, [...cleanUp, ...channelsLast([])]);
    const result = await quantized(graph, { scheme: "int16x8" });
    expect(typesOf(result.graph.nodes())).toEqual(["conv2d i16", "quantize i8", "hardSwish i8", "quantize i16"]);
    expect(result.diagnostics.map(({ code }) => code)).toEqual(["quantize.eight-bits-only"]);
  });

  test("weights that layers share are stored once in each type", async () => {
    const graph = parseGraph(
      `graph steps
      input x: f32[1,2]
      constant w: f32[2,2] = [1, -2, 3, 0.5]
      first: f32[1,2] = linear(x, w, -) {activation=none}
      second: f32[1,2] = linear(first, w, -) {activation=none}
      third: f32[1,2] = linear(second, w, -) {activation=none}
      output third`,
      operators,
    );
    const result = await quantized(graph, { layers: [{ nodes: ["third"], scheme: "int4" }] });
    const [first, second, third] = [...result.graph.nodes()].map(({ inputs }) => inputs[1]);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });

  test("symmetric int8 data have the zero point 0", async () => {
    const { graph } = await quantized(network(), { symmetric: true });
    for (const { op, outputs } of graph.nodes())
      if (op.name !== "softmax") expect(outputs[0].type.quantization!.zeroPoint).toEqual([0]);
  });
});
