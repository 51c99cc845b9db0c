import { parseGraph } from "@millrace/ir";
import { operators } from "@millrace/ops";
import { expect, it } from "vitest";
import { explain } from "./explain.ts";
import type { LoadedModel } from "./load.ts";
import { prepare } from "./prepare.ts";

const layer = `graph recurrent
  input x: f32[3,1,1]
  constant w: f32[1,1] = [1]
  constant b: f32[1] = [0.5]
  constant zero: f32[1,1] = [0]
  y: f32[3,1,1], h: f32[1,1], c: f32[1,1] = lstm(x, w, w, w, w, w, w, w, w, b, b, b, b, zero, zero) {timeMajor=true, cellClip=0}
  output y`;

it("leaves recurrent layers whole, or writes them out for the quantizer", () => {
  const model = (): LoadedModel => {
    const graph = parseGraph(layer, operators);
    return { name: "recurrent.onnx", format: "onnx", bytes: 0, graph, inputNames: ["x"], diagnostics: [] };
  };
  const namesOf = (unrolled: boolean) => [...prepare(model(), { unrolled }).graph.nodes()].map(({ op }) => op.name);
  expect(namesOf(false)).toEqual(["lstm"]);
  expect(namesOf(true)).not.toContain("lstm");
  expect(namesOf(true).filter((name) => name === "sigmoid")).toHaveLength(3);
});

it("leaves normalizations whole, or writes them out for the quantizer", () => {
  const text = "graph layer\n input x: f32[3,4]\n y: f32[3,4] = layerNormalization(x) {axes=[1], epsilon=1}\n output y";
  const namesOf = (spelled: boolean) => {
    const graph = parseGraph(text, operators);
    const model = { name: "layer.onnx", format: "onnx", bytes: 0, graph, inputNames: ["x"], diagnostics: [] } as const;
    return [...prepare(model, { spelled }).graph.nodes()].map(({ op }) => op.name);
  };
  expect(namesOf(false)).toEqual(["layerNormalization"]);
  expect(namesOf(true)).toEqual(["mean", "squaredDifference", "mean", "sub", "add", "rsqrt", "mul"]);
});

it("makes attention of what exporters write out, unless it has to be written out for the quantizer", () => {
  const model = (): LoadedModel => {
    const text = `graph attention
      input x: f32[1,5,4]
      s: f32[1,5,5] = matmul(x, x) {transposeA=false, transposeB=true} from [scores]
      p: f32[1,5,5] = softmax(s) {axis=2, beta=0.5} from [shares]
      y: f32[1,5,4] = matmul(p, x) {transposeA=false, transposeB=false} from [values]
      output y`;
    const graph = parseGraph(text, operators);
    return { name: "attention.onnx", format: "onnx", bytes: 0, graph, inputNames: ["x"], diagnostics: [] };
  };
  const nodesOf = (spelled: boolean) => [...prepare(model(), { spelled }).graph.nodes()];
  expect(nodesOf(false).map(({ op, origin }) => [op.name, origin])).toEqual([
    ["attention", ["scores", "shares", "values"]],
  ]);
  expect(nodesOf(true).map(({ op }) => op.name)).toEqual(["matmul", "softmax", "matmul"]);
  const { nodes } = explain(model(), { to: "tflite" });
  expect(nodes.map(({ op, unit }) => [op, unit])).toEqual([["attention", "cpu"]]);
});
