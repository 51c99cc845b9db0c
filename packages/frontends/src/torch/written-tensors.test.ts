import { describe, expect, it } from "vitest";
import { importTorch } from "./import.ts";
import { counting, f32, i64, program, run, t } from "./program.testing.ts";

describe("what a program writes", () => {
  it("is seen by everything that reads the tensor later, and not by what has read it before", () => {
    const model = program({
      inputs: { x: [3] },
      nodes: [
        ["before", "aten.mul.Tensor", { self: t("x"), other: 10 }],
        ["written", "aten.add_.Tensor", { self: t("x"), other: 1 }],
        ["after", "aten.mul.Tensor", { self: t("x"), other: 10 }],
      ],
      outputs: ["before", "after", "written"],
    });
    expect(run(model, [f32([3], [1, 2, 3])])).toEqual([
      [10, 20, 30],
      [20, 30, 40],
      [2, 3, 4],
    ]);
  });

  it("goes through views into the tensor, and into its other views", () => {
    const model = program({
      inputs: { x: [2, 3] },
      nodes: [
        ["flat", "aten.view.default", { self: t("x"), size: [6] }],
        ["row", "aten.select.int", { self: t("x"), dim: 0, index: 1 }],
        ["part", "aten.slice.Tensor", { self: t("row"), dim: 0, start: 1, end: 3 }],
        ["filled", "aten.fill_.Scalar", { self: t("part"), value: 9 }],
        ["sum", "aten.add.Tensor", { self: t("flat"), other: 0 }],
      ],
      outputs: ["sum", "x"],
    });
    expect(run(model, [counting(2, 3)])).toEqual([
      [0, 1, 2, 3, 9, 9],
      [0, 1, 2, 3, 9, 9],
    ]);
  });

  it("becomes a state where it is a buffer, with its first contents", () => {
    const model = program({
      inputs: { x: [2] },
      buffers: { total: f32([2], [5, 6]) },
      nodes: [
        ["next", "aten.add.Tensor", { self: t("total"), other: t("x") }],
        ["y", "aten.mul.Tensor", { self: t("next"), other: 2 }],
      ],
      outputs: ["y"],
      mutations: { total: "next" },
    });
    const { graph, inputNames } = importTorch(model);
    expect(inputNames).toEqual(["x"]);
    expect(graph.states).toHaveLength(1);
    expect(Array.from(graph.states[0].initial!.data as Float32Array)).toEqual([5, 6]);
    expect(run(model, [f32([2], [1, 1]), f32([2], [5, 6])])).toEqual([
      [12, 14],
      [6, 7],
    ]);
  });

  it("is followed for buffers of the training dialect too, which writes in place", () => {
    const { graph } = importTorch(
      program({
        inputs: { x: [2] },
        buffers: { count: i64([], [0]) },
        nodes: [
          ["counted", "aten.add_.Tensor", { self: t("count"), other: 1 }],
          ["y", "aten.relu.default", { self: t("x") }],
        ],
        outputs: ["y"],
      }),
    );
    expect(graph.states.map(({ input }) => graph.inputs.some(({ name }) => name === input))).toEqual([true]);
    expect(graph.outputs).toHaveLength(2);
  });
});
