import { describe, expect, it } from "vitest";
import { float, floats, input, int, longs, type ModelParts, node, operatorsOf, run, text } from "../model.testing.ts";

describe("caches", () => {
  const parts = (rows: number, mode: string): ModelParts => ({
    inputs: [input("cache", [2, 4, 1]), input("update", [2, rows, 1])],
    nodes: [node("TensorScatter cache update places -> y", text("mode", mode))],
    initializers: [longs("places", 0, 3)],
    outputs: ["y"],
    opset: 24,
  });
  const cache = [1, 2, 3, 4, 5, 6, 7, 8];

  it("are written from a place on for each entry", () => {
    expect(run(parts(1, "linear"), cache, [10, 20]).values).toEqual([10, 2, 3, 4, 5, 6, 7, 20]);
    expect(operatorsOf(parts(1, "linear"))).not.toContain("matmul");
  });

  it("go on at their start if they are circular", () => {
    expect(run(parts(2, "circular"), cache, [10, 20, 30, 40]).values).toEqual([10, 20, 3, 4, 40, 6, 7, 30]);
  });

  it("keep the end of a convolution's data", () => {
    const convolution = (outputs: readonly string[]): ModelParts => ({
      inputs: [input("x", [1, 1, 2])],
      nodes: [node("CausalConvWithState x w _ past -> y state")],
      initializers: [floats("w", [1, 1, 3], [1, 10, 100]), floats("past", [1, 1, 2], [7, 8])],
      outputs,
      opset: 27,
    });
    expect(run(convolution(["y"]), [1, 2]).values).toEqual([187, 218]);
    expect(run(convolution(["state"]), [1, 2]).values).toEqual([1, 2]);
  });
});

describe("rotary embedding", () => {
  const parts = (interleaved: number): ModelParts => ({
    inputs: [input("x", [1, 2, 6])],
    nodes: [
      node(
        "RotaryEmbedding x cosines sines places -> y",
        int("num_heads", 1),
        int("rotary_embedding_dim", 4),
        int("interleaved", interleaved),
      ),
    ],
    initializers: [
      floats("cosines", [2, 2], [1, 1, 0, 0]),
      floats("sines", [2, 2], [0, 0, 1, 1]),
      { ...longs("places", 0, 1), dims: [1, 2] },
    ],
    outputs: ["y"],
    opset: 23,
  });
  const x = [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6];

  it("turns pairs by a quarter and leaves the rest alone", () => {
    expect(run(parts(0), x).values).toEqual([1, 2, 3, 4, 5, 6, -3, -4, 1, 2, 5, 6]);
    expect(run(parts(1), x).values).toEqual([1, 2, 3, 4, 5, 6, -2, 1, -4, 3, 5, 6]);
  });
});

describe("linear attention", () => {
  const parts = (rule: string, line: string): ModelParts => ({
    inputs: [input("q", [1, 2, 1]), input("k", [1, 2, 1]), input("v", [1, 2, 1])],
    nodes: [node(line, int("q_num_heads", 1), int("kv_num_heads", 1), float("scale", 0.5), text("update_rule", rule))],
    initializers: [floats("decay", [1, 2, 1], [0, Math.log(0.5)]), floats("rate", [1, 2, 1], [1, 0.5])],
    outputs: ["y"],
    opset: 27,
  });
  const data = [
    [2, 4],
    [1, 1],
    [6, 10],
  ];

  it("adds keys' values to a state that fades and is corrected", () => {
    expect(run(parts("linear", "LinearAttention q k v -> y state"), ...data).values).toEqual([6, 32]);
    expect(run(parts("gated", "LinearAttention q k v _ decay -> y state"), ...data).values).toEqual([6, 26]);
    expect(run(parts("delta", "LinearAttention q k v _ _ rate -> y state"), ...data).values).toEqual([6, 16]);
    const both = run(parts("gated_delta", "LinearAttention q k v _ decay rate -> y state"), ...data).values;
    expect(both).toEqual([6, 13]);
  });
});
