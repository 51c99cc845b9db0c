import { fromNumbers, Graph, type Operator, type Quantization, type Tensor } from "@millrace/ir";
import { asymmetricLinear, conv2d, linear } from "@millrace/ops";
import { expect, test } from "vitest";
import { referenceEngine } from "../interpreter.ts";

async function resultOf(op: Operator, x: Tensor, weights: Tensor, steps: Quantization, attributes = {}) {
  const graph = new Graph("hybrid");
  const inputs = [graph.addInput("x", { dtype: "f32", shape: x.shape }), graph.addConstant("w", weights, steps)];
  const node = graph.addNode({ op, inputs, attributes: { activation: "none", ...attributes }, outputNames: ["y"] });
  graph.setOutputs(node.outputs);
  const prepared = await referenceEngine().prepare(graph);
  return Array.from((await prepared.run(new Map([["x", x]]))).get("y")!.data, Number);
}

test("each row of a fully connected layer has 127 steps to its largest size, halves rounded away from zero", async () => {
  const x = fromNumbers("f32", [3, 2], [1, -0.5, 100, -50, 0, 0]);
  const weights = fromNumbers("i8", [1, 2], [2, 1]);
  const [first, second, third] = await resultOf(linear, x, weights, { scale: [0.5], zeroPoint: [0] });
  expect(first).toBeCloseTo(((2 * 127 - 64) / 127) * 0.5, 6);
  expect(second).toBeCloseTo(first * 100, 3);
  expect(third).toBe(0);
});

test("images meet weights of several scales in 255 steps, one of them zero", async () => {
  const x = fromNumbers("f32", [1, 1, 2, 1], [2.55, -0.004]);
  const weights = fromNumbers("i8", [2, 1, 1, 1], [10, -10]);
  const steps = { scale: [0.1, 0.2], zeroPoint: [0, 0], axis: 0 };
  const attributes = { stride: [1, 1], dilation: [1, 1], padding: [0, 0, 0, 0], groups: 1, layout: "last" };
  const step = 2.554 / 255;
  const results = await resultOf(conv2d, x, weights, steps, attributes);
  const expected = [255 * step, -2 * 255 * step, 0, 0];
  for (const [index, value] of expected.entries()) expect(results[index]).toBeCloseTo(value, 5);
});

test("each row of an asymmetric layer has 255 steps between its least and its greatest number", async () => {
  const x = fromNumbers("f32", [2, 2], [2.55, 0.004, 5.1, 0.008]);
  const weights = fromNumbers("i8", [1, 2], [10, -10]);
  const results = await resultOf(asymmetricLinear, x, weights, { scale: [0.1], zeroPoint: [0] });
  for (const [index, value] of [2.55, 5.1].entries()) expect(results[index]).toBeCloseTo(value, 5);
});
