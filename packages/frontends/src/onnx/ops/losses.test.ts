import { describe, expect, it } from "vitest";
import { floats, input, int, node, operatorsOf, run, text } from "../model.testing.ts";

const int64 = 7;

describe("NegativeLogLikelihoodLoss", () => {
  const loss = (reduction: string, ...attributes: ReturnType<typeof int>[]) =>
    run(
      {
        inputs: [input("x", [2, 3]), input("t", [2], int64)],
        nodes: [node("NegativeLogLikelihoodLoss x t w -> y", text("reduction", reduction), ...attributes)],
        outputs: ["y"],
        initializers: [floats("w", [3], [1, 2, 4])],
      },
      [-1, -2, -3, -4, -5, -6],
      [0, 2],
    );

  it("weighs classes, and takes means over the weights", () => {
    expect(loss("none")).toEqual({ shape: [2], values: [1, 24] });
    expect(loss("sum")).toEqual({ shape: [], values: [25] });
    expect(loss("mean")).toEqual({ shape: [], values: [5] });
  });

  it("leaves targets out that are to be ignored", () => {
    expect(loss("none", int("ignore_index", 2)).values).toEqual([1, 0]);
    expect(loss("mean", int("ignore_index", 2)).values).toEqual([1]);
  });
});

describe("SoftmaxCrossEntropyLoss", () => {
  const parts = {
    inputs: [input("x", [1, 2, 2]), input("t", [1, 2], int64)],
    nodes: [node("SoftmaxCrossEntropyLoss x t -> y p", text("reduction", "none"))],
  };

  it("gives the loss and the logarithms", () => {
    const half = Math.fround(Math.log(2));
    expect(run({ ...parts, outputs: ["y"] }, [0, 0, 0, 0], [0, 1])).toEqual({ shape: [1, 2], values: [half, half] });
    expect(run({ ...parts, outputs: ["p"] }, [0, 0, 0, 0], [0, 1])).toEqual({
      shape: [1, 2, 2],
      values: [-half, -half, -half, -half],
    });
    expect(operatorsOf({ ...parts, outputs: ["p"] })).toContain("logSoftmax");
  });
});
