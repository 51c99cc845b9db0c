import { readTflite } from "@millrace/formats/tflite";
import { importTflite } from "@millrace/frontends/tflite";
import {
  DiagnosticError,
  equalGraphs,
  fromNumbers,
  Graph,
  numbersOf,
  perBlock,
  type Quantization,
  type Tensor,
} from "@millrace/ir";
import { asymmetricLinear, dequantize, type linear } from "@millrace/ops";
import { referenceEngine } from "@millrace/runtime";
import { describe, expect, it } from "vitest";
import { exportTflite } from "./export.ts";
import { numberStream, operatorsOf, randomTensor, throughFile, withoutOrigins } from "./graphs.testing.ts";

const next = numberStream(4);

function integers(rows: number, depth: number, dtype: "i4" | "i8" = "i4"): Tensor {
  return fromNumbers(
    dtype,
    [rows, depth],
    Float64Array.from({ length: rows * depth }, () => Math.round(7 * next())),
  );
}

/** Scales with few bits. */
function scales(count: number): readonly number[] {
  return Array.from({ length: count }, () => (1 + Math.round(100 * Math.abs(next()))) / 64);
}

function layer(weights: Tensor, quantization: Quantization, activation = "none", op: typeof linear = asymmetricLinear) {
  const graph = new Graph("blocks");
  const x = graph.addInput("x", { dtype: "f32", shape: [2, weights.shape[1]] });
  const inputs = [x, graph.addConstant("w", weights, quantization), undefined];
  graph.setOutputs(graph.addNode({ op, inputs, attributes: { activation }, name: "fc" }).outputs);
  return graph;
}

function sentenceOf(graph: Graph): string {
  try {
    exportTflite(graph);
    return "";
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    return error.diagnostics.map(({ message }) => message).join("; ");
  }
}

describe("weights in blocks", () => {
  it.each([32, 64, 128, 256] as const)("of %s come back from a file", (block) => {
    const graph = layer(integers(4, 256), perBlock(scales((4 * 256) / block), 1, block));
    expect(equalGraphs(withoutOrigins(graph), withoutOrigins(throughFile(graph)))).toBeUndefined();
  });

  it("are half a byte each, and two bytes for each block", () => {
    const [rows, depth, block] = [64, 256, 32];
    const { model, bytes } = exportTflite(
      layer(integers(rows, depth), perBlock(scales((rows * depth) / block), 1, block)),
    );
    const [subgraph] = model.subgraphs;
    const details = subgraph.tensors[subgraph.operators[0].inputs[1]].quantization?.details;
    if (details?.kind !== "BlockwiseQuantization") return expect.fail(`the details are ${details?.kind}`);
    expect(details).toMatchObject({ zeroPoints: -1, blockSize: block });
    expect(subgraph.tensors[details.scales]).toMatchObject({ type: "FLOAT16", shape: [rows, depth / block] });
    const data = (rows * depth) / 2 + (2 * rows * depth) / block;
    expect(bytes.length).toBeGreaterThan(data);
    expect(bytes.length).toBeLessThan(data + 1200);
  });

  it("leave the activation to an operator of its own, which TFLite's kernel of blocks leaves out", async () => {
    const graph = layer(integers(5, 32), perBlock(scales(5), 1, 32), "relu6");
    expect(operatorsOf(graph)).toEqual(["FULLY_CONNECTED", "RELU6"]);
    const feeds = new Map([["x", randomTensor([2, 32])]]);
    const [ours, again] = await Promise.all(
      [graph, throughFile(graph)].map(async (each) => {
        const results = await (await referenceEngine().prepare(each)).run(feeds);
        return numbersOf(results.get(each.outputs[0].name)!);
      }),
    );
    expect(again).toEqual(ours);
  });

  it("share one tensor where layers share them", () => {
    const graph = new Graph("shared");
    const x = graph.addInput("x", { dtype: "f32", shape: [2, 32] });
    const w = graph.addConstant("w", integers(32, 32), perBlock(scales(32), 1, 32));
    const add = (data: typeof x, name: string) =>
      graph.addNode({ op: asymmetricLinear, inputs: [data, w, undefined], attributes: { activation: "none" }, name })
        .outputs[0];
    graph.setOutputs([add(add(x, "first"), "second")]);
    const again = throughFile(graph);
    expect(new Set([...again.nodes()].map(({ inputs }) => inputs[1])).size).toBe(1);
    expect(equalGraphs(withoutOrigins(graph), withoutOrigins(again))).toBeUndefined();
  });

  it("are refused in sizes, types and numbers that no runtime takes", () => {
    const wrong = /blocks of weights are int4 in at least 4 rows, of 32, 64, 128, 256 each/;
    expect(sentenceOf(layer(integers(4, 32), perBlock(scales(8), 1, 16)))).toMatch(wrong);
    expect(sentenceOf(layer(integers(3, 32), perBlock(scales(3), 1, 32)))).toMatch(wrong);
    expect(sentenceOf(layer(integers(4, 32, "i8"), perBlock(scales(4), 1, 32)))).toMatch(wrong);
    expect(sentenceOf(layer(integers(4, 32), perBlock([1, 2, 3, 0.1], 1, 32)))).toMatch(wrong);
    expect(sentenceOf(layer(integers(4, 32), perBlock([1, 2, 3, 1e-9], 1, 32)))).toMatch(wrong);
    const shifted = { ...perBlock(scales(4), 1, 32), zeroPoint: [0, 1, 0, 0] };
    expect(sentenceOf(layer(integers(4, 32), shifted))).toMatch(wrong);
    const graph = new Graph("reals");
    const stored = graph.addConstant("w", integers(4, 32), perBlock(scales(4), 1, 32));
    graph.setOutputs(graph.addNode({ op: dequantize, inputs: [stored], attributes: {} }).outputs);
    expect(sentenceOf(graph)).toMatch(wrong);
  });
});

describe("int4 weights beside real data", () => {
  it("with a scale for each row come back from a file", () => {
    const graph = layer(integers(4, 6), { scale: [1, 2, 3, 4], zeroPoint: [0, 0, 0, 0], axis: 0 });
    expect(equalGraphs(withoutOrigins(graph), withoutOrigins(throughFile(graph)))).toBeUndefined();
  });

  it("have an operator that a runtime of 2.11 knows", () => {
    const { model } = exportTflite(layer(integers(4, 32), perBlock(scales(4), 1, 32)));
    expect(model.operatorCodes).toMatchObject([{ builtinCode: "FULLY_CONNECTED", version: 10 }]);
    expect(importTflite(readTflite(exportTflite(importTflite(model).graph).bytes)).graph.inputs).toHaveLength(1);
  });
});
