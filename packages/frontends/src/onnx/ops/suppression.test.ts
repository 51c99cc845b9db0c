import { fromNumbers, numbersOf } from "@millrace/ir";
import { describe, expect, it } from "vitest";
import { evaluateGraph } from "../evaluate.testing.ts";
import { importOnnx } from "../import.ts";
import { float, floats, input, ints, longs, type ModelParts, model, node, run } from "../model.testing.ts";

const boxes = floats("b", [1, 3, 4], [0, 0, 2, 2, 0, 0, 2, 1.5, 5, 5, 6, 6]);
const parts: ModelParts = {
  inputs: [input("s", [1, 2, 3])],
  nodes: [node("NonMaxSuppression b s m i t -> y")],
  outputs: ["y"],
  initializers: [boxes, longs("m", 2), floats("i", [1], [0.5]), floats("t", [1], [0.2])],
};

/** The model with the shape of its result as the file states it. */
function sourceOf(rows: number) {
  const source = model(parts);
  return { ...source, graph: { ...source.graph, outputs: [input("y", [rows, 3], 7)] } };
}

describe("NonMaxSuppression", () => {
  it("gives as many results as the data says", () => {
    expect(run(parts, [0.5, 0.9, 0.6, 0.1, 0.3, 0.2])).toEqual({ shape: [3, 3], values: [0, 0, 1, 0, 0, 2, 0, 1, 1] });
    expect(run(parts, [0, 0, 0, 0, 0, 0])).toEqual({ shape: [0, 3], values: [] });
  });

  it("drops what overlaps by more than the threshold, not by as much", () => {
    const halves = floats("b", [1, 3, 4], [0, 0, 2, 2, 0, 0, 2, 1, 5, 5, 6, 6]);
    const initializers = [halves, ...parts.initializers!.slice(1)];
    expect(run({ ...parts, initializers }, [0.5, 0.9, 0.6, 0, 0, 0]).values).toEqual([0, 0, 1, 0, 0, 2]);
    const three = [halves, longs("m", 3), ...parts.initializers!.slice(2)];
    expect(run({ ...parts, initializers: three }, [0.5, 0.9, 0.6, 0, 0, 0]).values).toEqual([
      0, 0, 1, 0, 0, 2, 0, 0, 0,
    ]);
  });

  it("refuses more results than there can be", () => {
    expect(() => importOnnx(sourceOf(5))).toThrow("at most 4");
  });

  it("gives rows of image, class and box in the order of scores, without overlapping ones", () => {
    const { graph } = importOnnx(sourceOf(3));
    const scores = fromNumbers("f32", [1, 2, 3], [0.5, 0.9, 0.6, 0.1, 0.3, 0.2]);
    const [{ dtype, ...result }] = evaluateGraph(graph, [scores]);
    expect([dtype, Array.from(numbersOf({ dtype, ...result }))]).toEqual(["i64", [0, 0, 1, 0, 0, 2, 0, 1, 1]]);
  });
});

describe("MaxRoiPool", () => {
  it("takes the greatest element of each bin of a region, and 0 of an empty one", () => {
    const pool = node("MaxRoiPool x r -> y", ints("pooled_shape", 2, 1), float("spatial_scale", 0.5));
    const parts = {
      inputs: [input("x", [2, 1, 3, 3])],
      nodes: [pool],
      outputs: ["y"],
      initializers: [floats("r", [2, 5], [0, 0, 0, 2, 4, 1, 8, 8, 9, 9])],
    };
    const numbers = Array.from({ length: 18 }, (_, at) => at + 1);
    expect(run(parts, numbers)).toEqual({ shape: [2, 1, 2, 1], values: [5, 8, 0, 0] });
  });
});
