import { readTflite } from "@millrace/formats/tflite";
import { fromNumbers, Graph, type Value } from "@millrace/ir";
import { add, conv2d, mean, tile } from "@millrace/ops";
import { referenceEngine } from "@millrace/runtime";
import { exportTflite } from "@millrace/targets/tflite";
import { describe, expect, test } from "vitest";
import { convert } from "./convert.ts";
import { memoryOf } from "./memory.ts";
import { reduceMemory } from "./reduce-memory.ts";
import { syntheticInputs } from "./synthetic-inputs.ts";

/** A large value that waits while a larger one becomes small. */
function waiting(): Graph {
  const graph = new Graph("waiting");
  const x = graph.addInput("x", { dtype: "f32", shape: [1, 4] });
  const rows = (count: number) =>
    graph.addNode({ op: tile, inputs: [x], attributes: { repeats: [count, 1] } }).outputs[0];
  const [large, larger] = [rows(16), rows(32)];
  const small = graph.addNode({ op: mean, inputs: [larger], attributes: { axes: [0], keepDims: true } }).outputs[0];
  graph.setOutputs(graph.addNode({ op: add, inputs: [large, small], attributes: { activation: "none" } }).outputs);
  return graph;
}

test("the operators of a written file are in the order that needs least memory, and the report tells both figures", async () => {
  const { bytes } = exportTflite(waiting());
  const conversion = convert({ name: "waiting.tflite", bytes }, { to: "tflite" });
  expect(conversion.diagnostics.map(({ code }) => code)).toContain("memory.reordered");
  const { operatorCodes, subgraphs } = readTflite(conversion.bytes);
  const names = subgraphs[0].operators.map(({ opcodeIndex }) => operatorCodes[opcodeIndex ?? 0].builtinCode);
  expect(names).toEqual(["TILE", "MEAN", "TILE", "ADD"]);
  const graph = waiting();
  const { formerPeakBytes } = reduceMemory(graph);
  expect(await memoryOf(graph, {}, formerPeakBytes)).toMatchObject({ lowerBoundBytes: 544, formerPeakBytes: 784 });
  expect(reduceMemory(graph)).toEqual({ graph, diagnostics: [] });
});

/** An image that becomes deep and small again, in layers that can be computed in stripes. */
function bulge(): Graph {
  const graph = new Graph("bulge");
  const x = graph.addInput("x", { dtype: "f32", shape: [1, 24, 24, 1] });
  const layer = (value: Value, outputs: number, kernel: number) => {
    const shape = [outputs, kernel, kernel, value.type.shape[3] as number];
    const numbers = Array.from({ length: shape.reduce((a, b) => a * b) }, (_, at) => Math.sin(at));
    const border = (kernel - 1) / 2;
    const attributes = {
      stride: [kernel === 3 ? 2 : 1, 1],
      dilation: [1, 1],
      padding: [border, border, border, border],
      groups: 1,
      layout: "last",
      activation: "relu",
    };
    const weights = graph.addConstant("w", fromNumbers("f32", shape, numbers));
    return graph.addNode({ op: conv2d, inputs: [value, weights], attributes }).outputs[0];
  };
  graph.setOutputs([layer(layer(layer(x, 16, 1), 12, 3), 1, 1)]);
  return graph;
}

describe("a file that is to fit into some bytes", () => {
  const { bytes } = exportTflite(bulge());
  const source = { name: "bulge.tflite", bytes };
  const peak = 4 * 24 * 24 * (16 + 6);

  test("has layers in patches, and computes the same", async () => {
    const memoryBytes = 30_000;
    const { graph, written, diagnostics, formerPeakBytes } = convert(source, { to: "tflite", memoryBytes });
    expect(diagnostics.map(({ code }) => code)).toEqual(["memory.patches"]);
    expect(formerPeakBytes).toBe(peak);
    expect((await memoryOf(written!))?.arenaBytes).toBeLessThanOrEqual(memoryBytes);
    const feeds = syntheticInputs(graph);
    const [ours, wanted] = await Promise.all(
      [graph, bulge()].map(async (each) => [...(await (await referenceEngine().prepare(each)).run(feeds)).values()]),
    );
    expect(ours).toEqual(wanted);
  });

  test("stays as it is where it fits already", () => {
    expect(convert(source, { to: "tflite", memoryBytes: 2 * peak }).diagnostics).toEqual([]);
  });

  test("comes with a warning where nothing makes it fit, and is refused in other formats", () => {
    const codes = convert(source, { to: "tflite", memoryBytes: 100 }).diagnostics.map(({ code }) => code);
    expect(codes).toContain("memory.not-met");
    expect(() => convert(source, { to: "onnx", memoryBytes: 100 })).toThrow(
      "in .tflite files only, not in .onnx files",
    );
  });
});
