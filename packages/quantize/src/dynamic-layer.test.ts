import { fromNumbers, type Graph, type Node, numbersOf, type Tensor, verify } from "@millrace/ir";
import { evaluateGraph, transposeConv2d } from "@millrace/ops";
import { channelsLast, cleanUp, runPasses } from "@millrace/passes";
import { describe, expect, test } from "vitest";
import { numberStream, randomTensor } from "../../passes/src/testing.ts";
import { NetworkBuilder } from "../../passes/src/testing-graphs.ts";
import { noCalibration } from "./calibrate.ts";
import { needsCalibration } from "./needs-calibration.ts";
import { type QuantizeOptions, quantizeGraph } from "./quantize.ts";

/** A convolution and two fully connected layers, of 144 and of 24 inputs. */
function network(): Graph {
  const n = new NetworkBuilder();
  const x = n.relu(n.conv(n.input("x", [1, 16, 3, 3]), 16, 3, { padding: 1 }));
  const wide = n.relu(n.linear(n.reshape(x, [1, 144]), 24));
  const graph = n.finish(n.linear(wide, 48));
  runPasses(graph, [...cleanUp, ...channelsLast([])]);
  return graph;
}

/** One layer whose rows have a few weights far greater than the others. */
function outliers(depth: number): Graph {
  const n = new NetworkBuilder();
  const graph = n.finish(n.linear(n.input("x", [8, depth]), 16));
  const [{ inputs }] = graph.nodes();
  const weights = numbersOf(inputs[1]!.constant!);
  const greater = Float64Array.from(weights, (weight, at) => (at % 61 === 0 ? 20 : 1) * weight);
  graph.setInput([...graph.nodes()][0], 1, graph.addConstant("w", fromNumbers("f32", [16, depth], greater)));
  return graph;
}

function quantized(graph: Graph, options: QuantizeOptions) {
  const result = quantizeGraph(graph, noCalibration, options);
  expect(verify(result.graph)).toEqual([]);
  return result;
}

function errorOf(graph: Graph, options: QuantizeOptions): number {
  const feeds = new Map<string, Tensor>([["x", randomTensor(graph.inputs[0].type.shape, numberStream(9))]]);
  const resultOf = (each: Graph) => numbersOf(evaluateGraph(each, feeds).get(each.outputs[0])!);
  const [expected, actual] = [resultOf(graph), resultOf(quantized(graph, options).graph)];
  return Array.from(expected).reduce((sum, value, at) => sum + (value - actual[at]) ** 2, 0);
}

const layersOf = (graph: Graph): readonly string[] =>
  [...graph.nodes()].flatMap(({ op, inputs: [, weights] }: Node) =>
    weights?.constant
      ? [`${op.name} ${weights.type.dtype}${weights.type.quantization?.block === undefined ? "" : " in blocks"}`]
      : [],
  );

describe("dynamic-int4", () => {
  test("has int4 weights in fully connected layers, int8 ones in others, and real data", () => {
    const { graph, diagnostics } = quantized(network(), { scheme: "dynamic-int4" });
    expect(layersOf(graph)).toEqual(["conv2d i8", "asymmetricLinear i4", "asymmetricLinear i4"]);
    expect(diagnostics.map(({ code }) => code)).toEqual(["quantize.eight-bit-weights"]);
    expect(needsCalibration(network(), { scheme: "dynamic-int4" })).toBe(false);
    for (const { outputs } of graph.nodes()) expect(outputs[0].type.dtype).toBe("f32");
  });

  test("has blocks where they fill the rows, and tells where they don't", () => {
    const graph = outliers(144);
    const { diagnostics } = quantized(graph, { scheme: "dynamic-int4", block: 32 });
    expect(diagnostics.map(({ message }) => message)).toEqual([
      expect.stringMatching(/has one scale for each of its rows: 32 does not divide their 144 weights/),
    ]);
    const { graph: blocked, diagnostics: none } = quantized(outliers(128), { scheme: "dynamic-int4", block: 32 });
    expect(layersOf(blocked)).toEqual(["asymmetricLinear i4 in blocks"]);
    expect(none).toEqual([]);
  });

  test("tells of layers with few rows, and of weights beyond half precision", () => {
    const n = new NetworkBuilder();
    const narrow = n.finish(n.linear(n.input("x", [1, 512]), 3));
    const { diagnostics } = quantized(narrow, { scheme: "dynamic-int4", block: 32 });
    expect(diagnostics[0].message).toMatch(/it has 3 rows, and blocks need 4/);
    const graph = outliers(128);
    const huge = new Float64Array(16 * 128).fill(1e6);
    graph.setInput([...graph.nodes()][0], 1, graph.addConstant("huge", fromNumbers("f32", [16, 128], huge)));
    const { diagnostics: found } = quantized(graph, { scheme: "dynamic-int4", block: 32 });
    expect(found[0].message).toMatch(/too great for scales in half precision/);
  });

  test("loses less the smaller the blocks are, where rows have outliers", () => {
    const graph = outliers(256);
    const rows = errorOf(graph, { scheme: "dynamic-int4" });
    const [small, great] = ([32, 128] as const).map((block) => errorOf(graph, { scheme: "dynamic-int4", block }));
    expect(small).toBeLessThan(rows / 1.5);
    expect(great).toBeLessThan(rows);
    expect(small).toBeLessThan(great);
  });

  test.each(["dynamic", "dynamic-int4"] as const)(
    "%s leaves weights real that no file has beside real data",
    (scheme) => {
      const n = new NetworkBuilder();
      const inputs = [n.input("x", [1, 4, 4, 16]), n.constant("w", [16, 3, 3, 16])];
      const attributes = {
        stride: [2, 2],
        dilation: [1, 1],
        padding: [0, 0, 0, 0],
        outputSize: [9, 9],
        groups: 1,
        layout: "last",
        activation: "none",
      };
      const graph = n.finish(n.node(transposeConv2d, inputs, attributes));
      const result = quantized(graph, { scheme });
      expect(layersOf(result.graph)).toEqual(["transposeConv2d f32"]);
      expect(result.diagnostics.map(({ code }) => code)).toEqual(["quantize.real-weights"]);
    },
  );

  test("says so where blocks are asked for and no layer can have them", () => {
    const codes = (options: QuantizeOptions) => quantized(outliers(128), options).diagnostics.map(({ code }) => code);
    expect(codes({ scheme: "dynamic", block: 32 })).toEqual(["quantize.block-unused"]);
    const layers = [{ operators: ["linear"], scheme: "dynamic-int4" }] as const;
    expect(codes({ scheme: "dynamic", block: 32, layers })).toEqual([]);
  });
});
