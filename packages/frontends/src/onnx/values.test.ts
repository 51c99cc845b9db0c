import { fromNumbers, verify } from "@millrace/ir";
import { describe, expect, it } from "vitest";
import { importOnnx } from "./import.ts";
import { diagnosticsOf, input, model, node } from "./model.testing.ts";

const parts = {
  inputs: [input("x", [2, 3]), input("axes", [1], 7)],
  nodes: [node("ReduceSum x axes -> sum")],
  outputs: ["sum"],
};
const axes = fromNumbers("i64", [1], [1]);

describe("a value given for an input", () => {
  it("makes it a constant where an operator needs its contents", () => {
    const { graph, diagnostics } = importOnnx(model(parts), { values: new Map([["axes", axes]]) });
    expect(graph.inputs.map(({ name }) => name)).toEqual(["x"]);
    expect(graph.outputs[0].type.shape).toEqual([2, 1]);
    expect(diagnostics.map(({ code, at }) => [code, at?.value])).toEqual([["onnx.fixed-input", "axes"]]);
    expect(verify(graph)).toEqual([]);
  });

  it("leaves an input that no operator asks for as it is", () => {
    const values = new Map([["x", fromNumbers("f32", [2, 3], [1, 2, 3, 4, 5, 6])]]);
    const { graph } = importOnnx(
      model({ inputs: [input("x", [2, 3])], nodes: [node("Relu x -> y")], outputs: ["y"] }),
      { values },
    );
    expect(graph.inputs.map(({ name }) => name)).toEqual(["x"]);
    expect(graph.size).toBe(1);
  });

  it("is not used if its type is another than the input's", () => {
    const values = new Map([["axes", fromNumbers("i32", [1], [1])]]);
    expect(diagnosticsOf(parts, { values }).map(({ code }) => code)).toEqual(["onnx.unsupported-attribute"]);
  });
});
