import type { OnnxGraph } from "@millrace/formats/onnx";
import { describe, expect, it } from "vitest";
import { diagnosticsOf, input, int, longs, type ModelParts, node, run } from "../model.testing.ts";

const parts = (nodes: readonly string[], rest: Partial<ModelParts> = {}): ModelParts => ({
  inputs: [input("a", [2]), input("b", [2])],
  nodes: nodes.map((line) => node(line)),
  outputs: ["y"],
  initializers: [longs("first", 0), longs("last", -1), longs("beyond", 7)],
  ...rest,
});

const join = node("ConcatFromSequence s -> y", int("axis", 0));
const values = [
  [1, 2],
  [3, 4],
];

describe("sequences", () => {
  it("are built, changed and read while the model is imported", () => {
    const built = parts(["SequenceConstruct a b -> q", "SequenceInsert q b first -> r", "SequenceErase r last -> s"]);
    expect(run({ ...built, nodes: [...built.nodes, join] }, ...values)).toEqual({ shape: [4], values: [3, 4, 1, 2] });
    expect(run(parts(["SequenceConstruct a b -> s", "SequenceAt s last -> y"]), ...values).values).toEqual([3, 4]);
    const stacked = parts(["SequenceEmpty -> q", "SequenceInsert q a -> r", "SequenceInsert r b -> s"]);
    const across = node("ConcatFromSequence s -> y", int("axis", -1), int("new_axis", 1));
    expect(run({ ...stacked, nodes: [...stacked.nodes, across] }, ...values)).toEqual({
      shape: [2, 2],
      values: [1, 3, 2, 4],
    });
  });

  it("hold the parts of a tensor", () => {
    const split = (line: string, at: string) => parts([line, `SequenceAt s ${at} -> y`], { inputs: [input("a", [5])] });
    const numbers = [1, 2, 3, 4, 5];
    expect(run(split("SplitToSequence a -> s", "last"), numbers)).toEqual({ shape: [1], values: [5] });
  });

  it("are mapped item by item", () => {
    const graph: OnnxGraph = {
      name: "body",
      nodes: [node("Add item other -> sum")],
      inputs: [{ name: "item" }, { name: "other" }],
      outputs: [{ name: "sum" }],
      initializers: [],
      sparseInitializers: [],
      valueInfos: [],
    };
    const nodes = [
      node("SequenceConstruct a b -> q"),
      node("SequenceMap q a -> s", { name: "body", type: 5, graph }),
      join,
    ];
    expect(run(parts([], { nodes }), ...values).values).toEqual([2, 4, 4, 6]);
  });

  it("are refused as results of a model, in the place of tensors, and at places they do not have", () => {
    const construct = "SequenceConstruct a b -> s";
    expect(diagnosticsOf(parts([construct], { outputs: ["s"] }))).toMatchObject([{ code: "onnx.not-a-tensor" }]);
    expect(diagnosticsOf(parts([construct, "Relu s -> y"]))).toMatchObject([{ code: "onnx.shape" }]);
    expect(diagnosticsOf(parts([construct, "SequenceAt s beyond -> y"]))).toMatchObject([
      { message: expect.stringContaining("7 is no place in a sequence of 2 items") },
    ]);
  });
});

describe("optionals", () => {
  it("are what they hold, or absent", () => {
    expect(run(parts(["Optional a -> o", "OptionalGetElement o -> y"]), ...values).values).toEqual([1, 2]);
    expect(run(parts(["Optional a -> o", "OptionalHasElement o -> y"]), ...values).values).toEqual([1]);
    expect(run(parts(["Optional -> o", "OptionalHasElement o -> y"]), ...values).values).toEqual([0]);
    expect(diagnosticsOf(parts(["Optional -> o", "OptionalGetElement o -> y"]))).toMatchObject([
      { code: "onnx.missing-input" },
    ]);
  });
});
