import { type DType, fromNumbers, numbersOf, verify } from "@millrace/ir";
import { describe, expect, it } from "vitest";
import { evaluateGraph } from "../evaluate.testing.ts";
import { importOnnx } from "../import.ts";
import { diagnosticsOf, input, int, longs, type ModelParts, model, node, text } from "../model.testing.ts";

const int64 = 7;
const x = input("x", [2, 3]);
const numbers = [1, 2, 3, 4, 5, 6];

type Feed = readonly [dtype: DType, shape: readonly number[], values: readonly number[]];
const data: Feed = ["f32", [2, 3], numbers];

/** The model with the shape of its output stated. */
function stating(parts: ModelParts, ...shape: number[]) {
  const plain = model(parts);
  return { ...plain, graph: { ...plain.graph, outputs: [input(parts.outputs[0], shape)] } };
}

function compute(source: ReturnType<typeof stating>, ...feeds: readonly Feed[]) {
  const { graph } = importOnnx(source);
  expect(verify(graph)).toEqual([]);
  const tensors = feeds.map((feed) => fromNumbers(...feed));
  const [result] = evaluateGraph(graph, tensors);
  return { shape: result.shape, values: Array.from(numbersOf(result)) };
}

describe("a parameter that is computed while the model runs", () => {
  it("names the axes of a reduction", () => {
    const nodes = [node("ReduceL1 x axes -> y", int("keepdims", 0))];
    const source = stating({ inputs: [x, input("axes", [1], int64)], nodes, outputs: ["y"], opset: 18 }, 2);
    expect(compute(source, data, ["i64", [1], [-1]])).toEqual({ shape: [2], values: [6, 15] });
  });

  it("bounds a slice of some axes, beyond the range of int32 too", () => {
    const inputs = [x, input("starts", [1], int64), input("ends", [1], int64)];
    const nodes = [node("Slice x starts ends axes -> y")];
    const fixed = stating({ inputs, nodes, outputs: ["y"], initializers: [longs("axes", 1)] }, 2, 2);
    expect(compute(fixed, data, ["i64", [1], [1]], ["i64", [1], [2 ** 40]])).toEqual({
      shape: [2, 2],
      values: [2, 3, 5, 6],
    });
  });

  it("says how much is padded on each side", () => {
    const nodes = [node("Pad x pads -> y", text("mode", "reflect"))];
    const source = stating({ inputs: [x, input("pads", [4], int64)], nodes, outputs: ["y"] }, 2, 5);
    expect(compute(source, data, ["i64", [4], [0, 1, 0, 1]]).values).toEqual([2, 1, 2, 3, 2, 5, 4, 5, 6, 5]);
  });

  it("is not needed where the stated shape tells it", () => {
    const inputs = [x, input("shape", [1], int64)];
    const source = stating({ inputs, nodes: [node("Reshape x shape -> y")], outputs: ["y"] }, 6);
    expect(compute(source, data, ["i64", [1], [-1]])).toEqual({ shape: [6], values: numbers });
  });

  it("is refused where no shape is stated, or inputs were given others", () => {
    const parts = { inputs: [x, input("axes", [1], int64)], nodes: [node("ReduceSum x axes -> y")], outputs: ["y"] };
    expect(diagnosticsOf(parts).map(({ code }) => code)).toEqual(["onnx.unsupported-attribute"]);
    const shapes = new Map([["x", [4, 3]]]);
    expect(() => importOnnx(stating(parts, 2, 1), { shapes })).toThrow();
  });
});
