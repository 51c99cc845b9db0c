import { fromNumbers, Graph, perTensor } from "@millrace/ir";
import { dequantize, maximum, sin, where } from "@millrace/ops";
import { describe, expect, it } from "vitest";
import { memoryOf, memoryProblems } from "./memory.ts";

function model(size: number | string): Graph {
  const graph = new Graph("model");
  const x = graph.addInput("x", { dtype: "f32", shape: [size, 8] });
  const weights = graph.addConstant("weights", fromNumbers("f32", [1, 8], new Float32Array(8)));
  const [larger] = graph.addNode({ op: maximum, inputs: [x, weights], attributes: {} }).outputs;
  graph.setOutputs(graph.addNode({ op: sin, inputs: [larger], attributes: {} }).outputs);
  return graph;
}

describe("the memory of an inference", () => {
  it("is that of the activations alive together and of the weights", async () => {
    const memory = await memoryOf(model(4));
    expect(memory).toEqual({ arenaBytes: 256, lowerBoundBytes: 256, weightBytes: 32, totalBytes: 288 });
  });

  it("counts weights of less than a byte as files hold them", async () => {
    const graph = new Graph("packed");
    const weights = graph.addConstant("weights", fromNumbers("i4", [3, 3], new Array(9).fill(1)), perTensor(1, 0));
    graph.setOutputs(graph.addNode({ op: dequantize, inputs: [weights], attributes: {} }).outputs);
    expect((await memoryOf(graph))?.weightBytes).toBe(5);
  });

  it("is left out while a size is open", async () => {
    expect(await memoryOf(model("N"))).toBeUndefined();
  });

  it("is told to be unknown where data decides a size", () => {
    const graph = new Graph("places");
    const marks = graph.addInput("marks", { dtype: "bool", shape: [4] });
    const places = (size: number | string) =>
      graph.addNode({ op: where, inputs: [marks], attributes: { shape: [size, 1] }, name: `places of ${size}` });
    graph.setOutputs(places(2).outputs);
    expect(memoryProblems(graph)).toEqual([]);
    places("K");
    expect(memoryProblems(graph)).toMatchObject([{ code: "memory.open-size", at: { node: "places of K" } }]);
  });
});
