import { describe, expect, it } from "vitest";
import { diagnosticsOf, float, input, int, type ModelParts, node, operatorsOf, run } from "../model.testing.ts";

const shapes = { query: [1, 2, 2, 1], key: [1, 2, 2, 1], value: [1, 2, 2, 1] };

function parts(attributes: Parameters<typeof node>[1][], sizes = shapes): ModelParts {
  const inputs = Object.entries(sizes).map(([name, dims]) => input(name, dims));
  return { inputs, nodes: [node("Attention query key value -> y", ...attributes)], outputs: ["y"], opset: 23 };
}

describe("attention", () => {
  const keys = [0, Math.log(3), 0, 0];
  const values = [4, 8, 1, 3];

  it("gives values shares by the scores of their keys", () => {
    expect(run(parts([]), [1, 0, 5, 5], keys, values).values).toEqual([7, 6, 2, 2]);
    const halved = run(parts([float("scale", 2)]), [0.5, 0, 5, 5], keys, values);
    expect(halved.values).toEqual([7, 6, 2, 2]);
  });

  it("looks at nothing that comes later if it is causal", () => {
    expect(run(parts([int("is_causal", 1)]), [1, 1, 5, 5], keys, values).values).toEqual([4, 7, 1, 2]);
  });

  it("shares a head of keys and values among several heads of the query", () => {
    const grouped = parts([], { query: [1, 4, 1, 1], key: [1, 2, 2, 1], value: [1, 2, 2, 1] });
    expect(run(grouped, [1, 0, 5, 5], keys, values).values).toEqual([7, 6, 2, 2]);
    expect(operatorsOf(grouped)).toEqual(["reshape", "attention", "reshape"]);
  });

  it("takes heads out of the last axis and puts them back", () => {
    const heads = [int("q_num_heads", 2), int("kv_num_heads", 2)];
    const flat = parts(heads, { query: [1, 2, 2], key: [1, 2, 2], value: [1, 2, 2] });
    const result = run(flat, [1, 5, 0, 5], [0, 0, Math.log(3), 0], [4, 1, 8, 3]);
    expect(result).toEqual({ shape: [1, 2, 2], values: [7, 2, 6, 2] });
  });

  it("gives nothing to a query whose keys are all masked", () => {
    const masked: ModelParts = {
      inputs: [...parts([]).inputs, input("mask", [2, 2], 9)],
      nodes: [node("Attention query key value mask -> y")],
      outputs: ["y"],
      opset: 23,
    };
    expect(run(masked, [1, 1, 5, 5], keys, values, [0, 0, 1, 0]).values).toEqual([0, 4, 0, 1]);
  });

  it("is one operator, unless its scores are limited or wanted", () => {
    expect(operatorsOf(parts([]))).toEqual(["attention"]);
    expect(operatorsOf(parts([float("scale", 2), int("is_causal", 1)]))).toEqual(["attention"]);
    expect(operatorsOf(parts([float("softcap", 2)]))).toEqual(["matmul", "div", "tanh", "mul", "softmax", "matmul"]);
    expect(operatorsOf(parts([float("scale", 0)]))).toEqual(["mul", "matmul", "softmax", "matmul"]);
    const scores = {
      ...parts([]),
      nodes: [node("Attention query key value -> y _ _ scores")],
      outputs: ["y", "scores"],
    };
    expect(operatorsOf(scores)).toEqual(["matmul", "softmax", "matmul"]);
  });

  it("says which heads do not fit", () => {
    const odd = parts([], { query: [1, 3, 1, 1], key: [1, 2, 2, 1], value: [1, 2, 2, 1] });
    expect(diagnosticsOf(odd)).toMatchObject([{ code: "onnx.shape", message: expect.stringContaining("3 heads") }]);
  });
});
