import { DiagnosticError, Graph, perTensor, type Tensor, type ValueType } from "@millrace/ir";
import {
  add,
  averagePool2d,
  concat,
  equal,
  linear,
  log,
  logSoftmax,
  matmul,
  maximum,
  mean,
  pad,
  sigmoid,
  sin,
  softmax,
  sqrt,
} from "@millrace/ops";
import { describe, expect, it } from "vitest";
import { referenceEngine } from "../interpreter.ts";
import { quantized, runGraph, sequence, tensor } from "./sample.testing.ts";

type Adding = Parameters<Graph["addNode"]>[0];

/** Runs one operator on inputs of the given types. */
function runOne(
  init: Pick<Adding, "op" | "attributes">,
  types: readonly ValueType[],
  output: ValueType,
  feeds: readonly Tensor[],
  options?: Parameters<typeof referenceEngine>[0],
) {
  const graph = new Graph("one");
  const inputs = types.map((type, index) => graph.addInput(`input${index}`, type));
  graph.setOutputs(graph.addNode({ ...init, inputs, outputTypes: [output], name: "y" }).outputs);
  return runGraph(graph, feeds, options);
}

describe("integer kernels without stored results of TensorFlow's", () => {
  it("linear rounds the real product in full TFLite, the multiplier twice in TFLite Micro", async () => {
    const graph = new Graph("linear");
    const x = graph.addInput("x", quantized("i8", [1, 1], 1, 0));
    const weights = graph.addConstant("w", tensor("i8", [1, 1], [1]), perTensor(1674432124 / 2 ** 39, 0));
    const bias = graph.addConstant("b", tensor("i32", [1], [7715]));
    const outputTypes = [quantized("i8", [1, 1], 1, 0)];
    const attributes = { activation: "none" };
    graph.setOutputs(graph.addNode({ op: linear, inputs: [x, weights, bias], attributes, outputTypes }).outputs);
    const feed = [tensor("i8", [1, 1], [0])];
    expect((await runGraph(graph, feed)).values).toEqual([23]);
    expect((await runGraph(graph, feed, { flavor: "tflm" })).values).toEqual([24]);
    expect((await runGraph(graph, feed, { flavor: "tflm", rounding: "single" })).values).toEqual([23]);
  });

  it("sigmoid differs by at most one between the flavors", async () => {
    const stored = Array.from({ length: 256 }, (_, index) => index - 128);
    const type = quantized("i8", [256], 0.05, 4);
    const output = quantized("i8", [256], 1 / 256, -128);
    const run = (flavor: "tflite" | "tflm") =>
      runOne({ op: sigmoid, attributes: {} }, [type], output, [tensor("i8", [256], stored)], { flavor });
    const [full, micro] = [(await run("tflite")).values, (await run("tflm")).values];
    for (const [index, value] of full.entries()) {
      const real = 256 / (1 + Math.exp(-Math.fround(0.05) * (stored[index] - 4))) - 128;
      expect(value).toBe(Math.min(127, Math.round(real)));
      expect(Math.abs(value - micro[index])).toBeLessThanOrEqual(1);
    }
  });

  it("softmax along an axis that is not the last", async () => {
    const values = sequence(7, 30, -128, 127);
    const output = (shape: number[]) => quantized("i8", shape, 1 / 256, -128);
    const along = await runOne(
      { op: softmax, attributes: { axis: 1, beta: 1 } },
      [quantized("i8", [2, 5, 3], 0.03, 0)],
      output([2, 5, 3]),
      [tensor("i8", [2, 5, 3], values)],
    );
    const columns = [0, 1, 2].map((column) => [0, 1, 2, 3, 4].map((row) => values[row * 3 + column]));
    const last = await runOne(
      { op: softmax, attributes: { axis: 1, beta: 1 } },
      [quantized("i8", [3, 5], 0.03, 0)],
      output([3, 5]),
      [tensor("i8", [3, 5], columns.flat())],
    );
    for (let column = 0; column < 3; column++)
      for (let row = 0; row < 5; row++) expect(along.values[row * 3 + column]).toBe(last.values[column * 5 + row]);
  });

  it("log-softmax comes within a step of the real one", async () => {
    const values = sequence(8, 12, -128, 127);
    const { values: results } = await runOne(
      { op: logSoftmax, attributes: { axis: 0 } },
      [quantized("i8", [12], 0.05, 0)],
      quantized("i8", [12], 1 / 16, 127),
      [tensor("i8", [12], values)],
    );
    const total = Math.log(values.reduce((sum, value) => sum + Math.exp(value * Math.fround(0.05)), 0));
    for (const [index, result] of results.entries()) {
      const real = Math.max(-128, (values[index] * Math.fround(0.05) - total) * 16 + 127);
      expect(Math.abs(result - real)).toBeLessThanOrEqual(1);
    }
  });

  it("concat brings inputs of other scales to the result's", async () => {
    const types = [quantized("i8", [2], 0.5, 0), quantized("i8", [2], 1, 10)];
    const feeds = [tensor("i8", [2], [4, -128]), tensor("i8", [2], [12, 127])];
    const run = (a: ValueType[], output: ValueType, b: Tensor[]) =>
      runOne({ op: concat, attributes: { axis: 0 } }, a, output, b);
    expect((await run(types, quantized("i8", [4], 0.5, 0), feeds)).values).toEqual([4, -128, 4, 127]);
    const unsigned = [quantized("u8", [2], 0.5, 128), quantized("u8", [2], 1, 10)];
    const stored = [tensor("u8", [2], [132, 0]), tensor("u8", [2], [12, 255])];
    expect((await run(unsigned, quantized("u8", [4], 0.5, 128), stored)).values).toEqual([132, 0, 132, 255]);
  });

  it("pad writes the stored integer of its value", async () => {
    const type = quantized("i8", [2], 0.5, -3);
    const attributes = { before: [1], after: [2], mode: "constant", value: 0 };
    const run = (value: number) =>
      runOne({ op: pad, attributes: { ...attributes, value } }, [type], quantized("i8", [5], 0.5, -3), [
        tensor("i8", [2], [7, 8]),
      ]);
    expect((await run(0)).values).toEqual([-3, 7, 8, -3, -3]);
    expect((await run(1000)).values).toEqual([127, 7, 8, 127, 127]);
  });

  it("maximum compares reals, not stored integers", async () => {
    const types = [quantized("i8", [2], 1, 0), quantized("i8", [2], 0.5, 0)];
    const { values } = await runOne({ op: maximum, attributes: {} }, types, quantized("i8", [2], 1, 0), [
      tensor("i8", [2], [3, 5]),
      tensor("i8", [2], [8, 8]),
    ]);
    expect(values).toEqual([4, 5]);
  });

  it("comparisons bring both sides to one scale", async () => {
    const types = [quantized("i8", [3], 0.25, 4), quantized("i8", [1], 0.5, -2)];
    const { values } = await runOne({ op: equal, attributes: {} }, types, { dtype: "bool", shape: [3] }, [
      tensor("i8", [3], [8, 9, 4]),
      tensor("i8", [1], [0]),
    ]);
    expect(values).toEqual([1, 0, 0]);
  });

  it("average pooling counts padding only if asked to", async () => {
    const attributes = { kernel: [2, 2], stride: [2, 2], padding: [1, 1, 0, 0], layout: "last", activation: "none" };
    const type = quantized("i8", [1, 1, 1, 1], 1, 10);
    const run = (countPadding: boolean) =>
      runOne({ op: averagePool2d, attributes: { ...attributes, countPadding } }, [type], type, [
        tensor("i8", [1, 1, 1, 1], [50]),
      ]);
    expect((await run(false)).values).toEqual([50]);
    expect((await run(true)).values).toEqual([20]);
  });

  it("matmul broadcasts batches and transposes either side", async () => {
    const attributes = { transposeA: true, transposeB: true };
    const types = [quantized("i8", [2, 2, 1], 1, 1), quantized("i8", [3, 2], 1, -1)];
    const { shape, values } = await runOne({ op: matmul, attributes }, types, quantized("i8", [2, 1, 3], 1, 0), [
      tensor("i8", [2, 2, 1], [1, 2, 3, 4]),
      tensor("i8", [3, 2], [0, 1, 2, 3, 4, 5]),
    ]);
    expect(shape).toEqual([2, 1, 3]);
    expect(values).toEqual([2, 4, 6, 8, 18, 28]);
  });

  it("log and √ give the least result where there is none; √ is cut off, not rounded", async () => {
    const [type, output] = [quantized("i8", [3], 1, 0), quantized("i8", [3], 0.1, 0)];
    const feed = [tensor("i8", [3], [-5, 0, 15])];
    expect((await runOne({ op: log, attributes: {} }, [type], output, feed)).values).toEqual([-128, -128, 27]);
    expect((await runOne({ op: sqrt, attributes: {} }, [type], output, feed)).values).toEqual([-128, 0, 38]);
  });

  it("mean and add broadcast and reduce over any axes", async () => {
    const shape = [2, 3, 2];
    const values = sequence(9, 12, -100, 100);
    const attributes = { axes: [0, 2], keepDims: false };
    const { values: means } = await runOne(
      { op: mean, attributes },
      [quantized("i8", shape, 1, 0)],
      quantized("i8", [3], 1, 0),
      [tensor("i8", shape, values)],
    );
    for (let row = 0; row < 3; row++) {
      const real = [0, 1, 6, 7].reduce((sum, at) => sum + values[row * 2 + at], 0) / 4;
      expect(Math.abs(means[row] - real)).toBeLessThanOrEqual(0.5);
    }
    const types = [quantized("i8", [2, 1], 1, 0), quantized("i8", [3], 1, 0)];
    const { values: sums } = await runOne(
      { op: add, attributes: { activation: "none" } },
      types,
      quantized("i8", [2, 3], 1, 0),
      [tensor("i8", [2, 1], [10, 20]), tensor("i8", [3], [1, 2, 3])],
    );
    expect(sums).toEqual([11, 12, 13, 21, 22, 23]);
  });

  it("names every node that has no integer form, and why", async () => {
    const graph = new Graph("none");
    const type = quantized("i8", [1], 1, 0);
    const x = graph.addInput("x", type);
    const first = graph.addNode({ op: sin, inputs: [x], attributes: {}, name: "first", outputTypes: [type] });
    const second = graph.addNode({
      op: sin,
      inputs: first.outputs,
      attributes: {},
      name: "second",
      outputTypes: [type],
    });
    graph.setOutputs(second.outputs);
    const error = await referenceEngine()
      .prepare(graph)
      .catch((reason: unknown) => reason as DiagnosticError);
    expect(error).toBeInstanceOf(DiagnosticError);
    const { diagnostics } = error as DiagnosticError;
    expect(diagnostics.map(({ code, at }) => [code, at?.node])).toEqual([
      ["runtime.no-integer-kernel", "first"],
      ["runtime.no-integer-kernel", "second"],
    ]);
    expect(diagnostics[0].message).toContain("TFLite has no int8 SIN");
  });
});
