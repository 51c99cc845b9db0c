import { type Attributes, Graph, type Operator, type Tensor, zeros } from "@millrace/ir";
import { add, conv2d, maxPool2d, transposeConv2d } from "@millrace/ops";
import { exportOnnx } from "@millrace/targets/onnx";
import { describe, expect, it } from "vitest";
import { convert } from "./convert.ts";
import { diagnosticsOf } from "./errors.ts";
import { load } from "./load.ts";

/** An ONNX file with data of the shape [N,2,2,4], and a graph that reads them by `op`. */
function file(op: Operator, attributes: Attributes, ...constants: readonly Tensor[]): Uint8Array {
  const graph = new Graph("model");
  const x = graph.addInput("x", { dtype: "f32", shape: ["N", 4, 2, 2] });
  const operands = constants.map((tensor, index) => graph.addConstant(`c${index}`, tensor));
  graph.setOutputs(graph.addNode({ op, inputs: [x, ...operands], attributes, name: "y" }).outputs);
  return exportOnnx(graph).bytes;
}

describe("a batch of open size", () => {
  it("stays open in TFLite and in ONNX, and is 1 where nothing else is asked for", () => {
    const source = { name: "model.onnx", bytes: file(add, { activation: "none" }, zeros("f32", [1, 4, 2, 2])) };
    const tflite = convert(source, { to: "tflite" });
    expect(tflite.diagnostics.map(({ code }) => code)).not.toContain("shape.dimension-pinned");
    const written = { name: "model.tflite", bytes: tflite.bytes };
    expect(load(written).graph.inputs[0].type.shape).toEqual([1, 4, 2, 2]);
    expect(load(written, { open: true }).graph.inputs[0].type.shape).toEqual(["batch", 4, 2, 2]);
    expect(load(written, { dimensions: new Map([["batch", 3]]) }).graph.outputs[0].type.shape).toEqual([3, 4, 2, 2]);
    expect(load(written, { shapes: new Map([["x", [5, 4, 2, 2]]]) }).graph.outputs[0].type.shape).toEqual([5, 4, 2, 2]);
    const onnx = convert(source, { to: "onnx" });
    expect(load({ name: "model.onnx", bytes: onnx.bytes }).graph.inputs[0].type.shape).toEqual(["N", 4, 2, 2]);
  });

  it("stays open in an ExecuTorch program for bounds that are given, and is 1 without", () => {
    const source = { name: "model.onnx", bytes: file(add, { activation: "none" }, zeros("f32", [1, 4, 2, 2])) };
    const range = { minimum: 1, maximum: 4 };
    const { bytes, arena } = convert(source, { to: "pte", bounds: new Map([["N", range]]) });
    const { graph, bounds } = load({ name: "model.pte", bytes });
    expect(graph.inputs[0].type.shape).toEqual(["N", 4, 2, 2]);
    expect(bounds).toEqual(new Map([["N", range]]));
    expect(arena?.arenaBytes).toBe(2 * 4 * (4 * 4 * 2 * 2));
    const pinned = convert(source, { to: "pte" });
    expect(load({ name: "model.pte", bytes: pinned.bytes }).graph.inputs[0].type.shape).toEqual([1, 4, 2, 2]);
    expect(pinned.diagnostics).toMatchObject([
      { severity: "warning", hint: "give its bounds with --bound N=1..16, or its size with --dim N=SIZE" },
    ]);
  });

  it("has no bounds of sizes that no input has, nor in other formats", () => {
    const source = { name: "model.onnx", bytes: file(add, { activation: "none" }, zeros("f32", [1, 4, 2, 2])) };
    const given = (name: string) => ({ bounds: new Map([[name, { minimum: 1, maximum: 4 }]]) });
    const codes = (action: () => unknown) => diagnosticsOf(errorOf(action))?.map(({ code }) => code);
    expect(codes(() => convert(source, { to: "pte", ...given("M") }))).toEqual(["convert.unknown-dimension"]);
    expect(codes(() => convert(source, { to: "onnx", ...given("N") }))).toEqual(["convert.bounds"]);
  });

  it("is 1 where an operator can't do without it, which is told with the way out", () => {
    const attributes = {
      stride: [1, 1],
      dilation: [1, 1],
      padding: [0, 0, 0, 0],
      outputSize: [2, 2],
      groups: 1,
      layout: "first",
      activation: "none",
    };
    const source = { name: "model.onnx", bytes: file(transposeConv2d, attributes, zeros("f32", [4, 3, 1, 1])) };
    const { diagnostics, graph } = convert(source, { to: "tflite" });
    const [pinned, ...others] = diagnostics.filter(({ code }) => code === "shape.dimension-pinned");
    expect(others).toEqual([]);
    expect(pinned).toMatchObject({ severity: "info", hint: "give it with --dim N=SIZE" });
    expect(pinned.message).toContain("set to 1, as it can't stay open: y__1.ConvTranspose (transposeConv2d)");
    expect(pinned.at).toEqual({ node: "y__1.ConvTranspose" });
    expect(graph.inputs[0].type.shape).toEqual([1, 2, 2, 4]);
    const sized = convert(source, { to: "tflite", dimensions: new Map([["N", 2]]) });
    expect(sized.graph.inputs[0].type.shape).toEqual([2, 2, 2, 4]);
  });

  it("is told where a graph doesn't work with it, as are all sizes that became 1", () => {
    const attributes = { kernel: [3, 1], stride: [1, 1], dilation: [1, 1], padding: [0, 0, 0, 0], layout: "first" };
    const graph = new Graph("model");
    const x = graph.addInput("x", { dtype: "f32", shape: ["N", 4, "rows", 2] });
    const pooled = graph.addNode({
      op: maxPool2d,
      inputs: [x],
      attributes: { ...attributes, activation: "none" },
      name: "y",
    });
    graph.setOutputs(pooled.outputs);
    const source = { name: "model.onnx", bytes: exportOnnx(graph).bytes };
    const refusal = diagnosticsOf(errorOf(() => convert(source, { to: "tflite" })));
    expect(refusal?.map(({ code, hint }) => [code, hint])).toEqual([
      ["graph.invalid-node", expect.any(String)],
      ["shape.dimension-pinned", "give it with --dim N=SIZE"],
      ["shape.dimension-pinned", "give it with --dim rows=SIZE"],
    ]);
    expect(convert(source, { to: "tflite", dimensions: new Map([["rows", 3]]) }).graph.outputs[0].type.shape[0]).toBe(
      "N",
    );
  });
});

function errorOf(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}

describe("weights that are not finite", () => {
  it("are written as they are, with a warning that names the layer", () => {
    const weights = zeros("f32", [3, 4, 1, 1]);
    (weights.data as Float32Array)[5] = Number.NaN;
    const attributes = {
      stride: [1, 1],
      dilation: [1, 1],
      padding: [0, 0, 0, 0],
      groups: 1,
      layout: "first",
      activation: "none",
    };
    const source = { name: "model.onnx", bytes: file(conv2d, attributes, weights) };
    const { diagnostics } = convert(source, { to: "tflite" });
    const [warning, ...others] = diagnostics.filter(({ severity }) => severity === "warning");
    expect(others).toEqual([]);
    expect(warning).toMatchObject({ code: "quantize.weights-not-finite", at: { model: "model.onnx" } });
    expect(warning.message).toMatch(/conv2d y.* have NaN at element 5/);
  });
});
