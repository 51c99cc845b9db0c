import { evaluateGraph } from "@millrace/ops";
import { describe, expect, it } from "vitest";
import { importTflite } from "./import.ts";
import { indices, linesOf, problemsOf, sketch, type TensorSketch } from "./models.testing.ts";

const x: TensorSketch = { name: "x", shape: [2, 2] };

function numbersFrom(tensors: readonly TensorSketch[], operator: Parameters<typeof sketch>[1][number]) {
  const { graph } = importTflite(sketch(tensors, [operator]));
  const feeds = new Map(
    graph.inputs.map(({ name }) => [name, { dtype: "f32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) } as const]),
  );
  const values = evaluateGraph(graph, feeds);
  const [output] = graph.outputs;
  return [...(output.constant ?? values.get(output)!).data].map(Number);
}

describe("operators that fill or add up", () => {
  it("adds any number of tensors", () => {
    const tensors = [
      x,
      { name: "a", shape: [2, 2], data: Float32Array.of(10, 10, 10, 10) },
      { name: "y", shape: [2, 2] },
    ];
    const operator = { builtin: "ADD_N", inputs: [0, 1, 0], outputs: [2] } as const;
    expect(numbersFrom(tensors, operator)).toEqual([12, 14, 16, 18]);
    expect(linesOf(importTflite(sketch(tensors, [operator])).graph)).toHaveLength(2);
  });

  it("fills a shape with one number", () => {
    const value: TensorSketch = { name: "v", type: "INT32", shape: [], data: Int32Array.of(7) };
    const y: TensorSketch = { name: "y", type: "INT32", shape: [1, 3] };
    expect(numbersFrom([indices(1, 3), value, y], { builtin: "FILL", inputs: [0, 1], outputs: [2] })).toEqual([
      7, 7, 7,
    ]);
  });

  it("makes zeros, ranks and common shapes", () => {
    const y = (shape: readonly number[], type: "INT32" | "FLOAT32" = "INT32"): TensorSketch => ({
      name: "y",
      type,
      shape,
    });
    expect(numbersFrom([x, y([2, 2], "FLOAT32")], { builtin: "ZEROS_LIKE", inputs: [0], outputs: [1] })).toEqual([
      0, 0, 0, 0,
    ]);
    expect(numbersFrom([x, y([])], { builtin: "RANK", inputs: [0], outputs: [1] })).toEqual([2]);
    const shapes = [indices(2, 1), indices(3), y([2])];
    expect(numbersFrom(shapes, { builtin: "BROADCAST_ARGS", inputs: [0, 1], outputs: [2] })).toEqual([2, 3]);
  });

  it("picks embeddings by row", () => {
    const tensors = [indices(1, 0), x, { name: "y", shape: [2, 2] }];
    expect(numbersFrom(tensors, { builtin: "EMBEDDING_LOOKUP", inputs: [0, 1], outputs: [2] })).toEqual([3, 4, 1, 2]);
  });

  it("refuses shapes that have nothing in common, and negative ones", () => {
    const y: TensorSketch = { name: "y", type: "INT32", shape: [1] };
    const broadcast = { builtin: "BROADCAST_ARGS", inputs: [0, 1], outputs: [2] } as const;
    expect(problemsOf(sketch([indices(2), indices(3), y], [broadcast])).map(({ code }) => code)).toEqual([
      "tflite.invalid-operator",
    ]);
    const value: TensorSketch = { name: "v", type: "INT32", shape: [], data: Int32Array.of(7) };
    const filled = sketch([indices(-1), value, y], [{ builtin: "FILL", inputs: [0, 1], outputs: [2] }]);
    expect(problemsOf(filled).map(({ code }) => code)).toEqual(["tflite.invalid-operator"]);
  });
});
