import { Graph, perTensor } from "@millrace/ir";
import { quantize } from "@millrace/ops";
import { expect, test } from "vitest";
import { integerInputWarnings } from "./integer-inputs.ts";

/** A graph whose input stands for -1 to 1, as integers or as a real number that becomes one first. */
function taking(dtype: "i8" | "f32"): Graph {
  const graph = new Graph("model");
  const { scale, zeroPoint } = perTensor(2 / 255, 0);
  const quantization = dtype === "i8" ? { quantization: perTensor(2 / 255, 0) } : {};
  const x = graph.addInput("x", { dtype, shape: [1, 16], ...quantization });
  const attributes = { dtype: "i8", scale, zeroPoint, axis: -1, rounding: "away" };
  graph.setOutputs(dtype === "i8" ? [x] : graph.addNode({ op: quantize, inputs: [x], attributes }).outputs);
  return graph;
}

const codesFor = (dtype: "i8" | "f32", minimum: number, maximum: number) =>
  integerInputWarnings(taking(dtype), new Map([["x", { minimum, maximum }]])).map(({ code }) => code);

test.each([
  [-1, 0.8],
  [0, 1],
  [-0.2, 0.2],
  [0.5, 0.5],
  [-2, 2],
])("data from %d to %d fits integers that stand for -1 to 1", (minimum, maximum) => {
  expect(codesFor("i8", minimum, maximum)).toEqual([]);
  expect(codesFor("f32", minimum, maximum)).toEqual([]);
});

test.each([
  [0, 255],
  [-0.1, 0.1],
  [1.5, 3],
  [7, 7],
])("data from %d to %d does not", (minimum, maximum) => {
  expect(codesFor("i8", minimum, maximum)).toEqual(["quantize.input-range-differs"]);
  expect(codesFor("f32", minimum, maximum)).toEqual(["quantize.input-range-differs"]);
});

test("the warning tells both ranges", () => {
  const [{ message }] = integerInputWarnings(taking("i8"), new Map([["x", { minimum: 0, maximum: 255 }]]));
  expect(message).toMatch(/^input x has numbers from 0 to 255 in the data, .* from -1.004 to 0.9961$/);
});
