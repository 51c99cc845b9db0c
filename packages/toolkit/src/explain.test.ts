import { type Graph, parseGraph } from "@millrace/ir";
import { operators } from "@millrace/ops";
import { expect, it } from "vitest";
import { explain } from "./explain.ts";
import type { LoadedModel } from "./load.ts";

function modelOf(text: string): LoadedModel {
  const graph: Graph = parseGraph(`graph model\n${text}`, operators);
  return { name: "model.onnx", format: "onnx", bytes: 0, graph, inputNames: [], diagnostics: [] };
}

it("names a transpose that the layout of an input forces, and what it stands between", () => {
  const { nodes, transposes, boundary } = explain(
    modelOf(`
      input x: f32[1,2,4,4]
      y: f32[1,2,2,2] = maxPool2d(x) {kernel=[2,2], stride=[2,2], dilation=[1,1], padding=[0,0,0,0], layout=first, activation=none} from [pool]
      z: f32[1,8] = reshape(y) {shape=[1,8]} from [flat]
      output z`),
    { to: "tflite", ioLayout: "source" },
  );
  expect(boundary).toEqual([]);
  expect(transposes.map(({ reason }) => reason)).toEqual([
    expect.stringMatching(/^stands after input x, which keeps its order of axes, and before maxPool2d/),
    expect.stringMatching(/before reshape z, which merges channels with height and width$/),
  ]);
  expect(nodes.every(({ unit }) => unit === "cpu")).toBe(true);
  expect(nodes.find(({ op }) => op === "maxPool2d")?.origin).toEqual(["pool"]);
});

it("tells of nodes that the target can't express instead of throwing", () => {
  const { nodes, diagnostics } = explain(
    modelOf(`
      input x: f32[1,2,3,4,5,6,7]
      y: f32[7,1,2,3,4,5,6] = transpose(x) {permutation=[6,0,1,2,3,4,5]} named turn
      output y`),
    { to: "tflite" },
  );
  expect(nodes.map(({ name, unit }) => [name, unit])).toEqual([["turn", "none"]]);
  expect(nodes[0].reasons.join()).toMatch(/TFLite needs that/);
  expect(diagnostics.map(({ severity }) => severity)).toContain("error");
});
