import { Graph, type Value } from "@millrace/ir";
import { add, mul, reshape, sigmoid, softmax } from "@millrace/ops";
import { describe, expect, it } from "vitest";
import { referenceEngine } from "../interpreter.ts";
import { quantized } from "../kernels/sample.testing.ts";
import { wasmEngine } from "./engine.ts";
import { expectSame, isFast, random } from "./layer.testing.ts";

/** Branches, tables, a reshape, and nodes that only the reference computes, one after another. */
function mixture(): Graph {
  const graph = new Graph("mixture");
  const shape = [1, 16, 8, 16];
  const x = graph.addInput("x", quantized("i8", shape, 0.05, -3));
  const unary = (op: typeof sigmoid, input: Value, name: string) =>
    graph.addNode({ op, inputs: [input], attributes: {}, outputTypes: [quantized("i8", shape, 1 / 256, -128)], name })
      .outputs[0];
  const binary = (op: typeof add, inputs: readonly Value[], name: string, sizes = shape) =>
    graph.addNode({
      op,
      inputs,
      attributes: { activation: "none" },
      outputTypes: [quantized("i8", sizes, 0.1, 4)],
      name,
    }).outputs[0];
  const gate = unary(sigmoid, x, "gate");
  const product = binary(mul, [x, gate], "product");
  const sum = binary(add, [product, x], "sum");
  const constant = graph.addConstant("constant", random("i8", shape, 9), quantized("i8", shape, 0.02, 1).quantization);
  const shifted = binary(add, [sum, constant], "shifted");
  const flat = { op: reshape, attributes: { shape: [128, 16] }, outputTypes: [quantized("i8", [128, 16], 0.1, 4)] };
  const rows = graph.addNode({ ...flat, inputs: [shifted], name: "rows" }).outputs[0];
  const shares = {
    op: softmax,
    attributes: { axis: 1, beta: 1 },
    outputTypes: [quantized("i8", [128, 16], 1 / 256, -128)],
  };
  const share = graph.addNode({ ...shares, inputs: [rows], name: "share" }).outputs[0];
  const both = binary(mul, [share, rows], "both", [128, 16]);
  graph.setOutputs([both, gate]);
  return graph;
}

describe("the engine", () => {
  it("mixes fast kernels and reference kernels in one graph", async () => {
    expect(await isFast(mixture())).toBe(true);
    await expectSame(mixture());
  });

  it("keeps runs apart that are started at once, and results from later runs", async () => {
    const graph = mixture();
    const wasm = await wasmEngine().prepare(graph);
    const reference = await referenceEngine().prepare(graph);
    const feeds = [1, 2, 3].map((seed) => new Map([["x", random("i8", [1, 16, 8, 16], seed)]]));
    const onProgress = () => {};
    const results = await Promise.all(feeds.map((feed) => wasm.run(feed, { onProgress })));
    for (const [index, feed] of feeds.entries()) expect(results[index]).toEqual(await reference.run(feed));
  });

  it("runs symbolic sizes, each as it is fed", async () => {
    const graph = new Graph("batches");
    const type = (name: string) => ({ ...quantized("i8", [1, 64, 64], 0.1, 2), shape: [name, 64, 64] });
    const inputs = [graph.addInput("a", type("N")), graph.addInput("b", type("N"))];
    const init = { op: add, inputs, attributes: { activation: "none" }, outputTypes: [type("N")] };
    graph.setOutputs(graph.addNode(init).outputs);
    const wasm = await wasmEngine().prepare(graph);
    const reference = await referenceEngine().prepare(graph);
    for (const size of [1, 3, 2]) {
      const feeds = new Map(["a", "b"].map((name, seed) => [name, random("i8", [size, 64, 64], seed)]));
      expect(await wasm.run(feeds)).toEqual(await reference.run(feeds));
    }
  });

  it("refuses feeds that don't fit, and runs after it was disposed", async () => {
    const graph = mixture();
    const wasm = await wasmEngine().prepare(graph);
    await expect(wasm.run(new Map())).rejects.toMatchObject({ diagnostics: [{ code: "runtime.feed-missing" }] });
    await wasm.dispose();
    const feeds = new Map([["x", random("i8", [1, 16, 8, 16], 1)]]);
    await expect(wasm.run(feeds)).rejects.toMatchObject({ diagnostics: [{ code: "runtime.disposed" }] });
  });
});
