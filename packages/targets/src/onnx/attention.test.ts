import { parseGraph } from "@millrace/ir";
import { operators } from "@millrace/ops";
import { expect, it } from "vitest";
import { exportOnnx } from "./index.ts";

/** The operators that attention is written as, with keys and a mask of the shapes given. */
function written(opset: number, keys: string, mask: string): readonly string[] {
  const text = `graph attention
    input q: f32[2,4,5,3]
    input k: f32[${keys},3]
    input v: f32[${keys},7]
    input m: f32[${mask}]
    y: f32[2,4,5,7] = attention(q, k, v, m) {scale=0.5}
    output y`;
  return exportOnnx(parseGraph(text, operators), [], { opset }).operatorNames.filter((name) => name !== "Identity");
}

const steps = ["Transpose", "MatMul", "Mul", "Add", "Softmax", "MatMul"];

it("is ONNX's own operator from opset 23 on, and products and a softmax before", () => {
  expect(written(23, "2,4,6", "4,5,6")).toEqual(["Attention"]);
  expect(written(21, "2,4,6", "4,5,6")).toEqual(steps);
});

it("is written out in any opset where keys serve several of a batch, or a mask several queries", () => {
  expect(written(23, "1,4,6", "5,6")).toEqual(steps);
  expect(written(23, "4,6", "5,6")).toEqual(steps);
  expect(written(23, "2,4,6", "1,6")).toEqual(steps);
});
