import { fromNumbers, Graph, type Value } from "@millrace/ir";
import { linear, mul } from "@millrace/ops";
import { describe, expect, test } from "vitest";
import { inputRangeWarnings } from "./input-range.ts";
import type { Range } from "./range.ts";

interface Options {
  /** A factor that the model itself applies to its input. */
  readonly factor?: number;
  readonly weight?: number;
  readonly bias?: number;
}

/** y = w · (factor · x) + b with 16 weights a channel. */
function model({ factor, weight = 0.3, bias = 1 }: Options = {}) {
  const graph = new Graph("model");
  const x = graph.addInput("x", { dtype: "f32", shape: [1, 16] });
  const by = fromNumbers("f32", [1], [factor ?? 1]);
  const data =
    factor === undefined
      ? x
      : graph.addNode({
          op: mul,
          inputs: [x, graph.addConstant("factor", by)],
          attributes: { activation: "none" },
        }).outputs[0];
  const weights = graph.addConstant("w", fromNumbers("f32", [4, 16], new Float32Array(64).fill(weight)));
  const offsets = graph.addConstant("b", fromNumbers("f32", [4], [bias, 0, 0, 0]));
  const layer = graph.addNode({
    op: linear,
    inputs: [data, weights, offsets],
    attributes: { activation: "relu6" },
    origin: ["first"],
  });
  graph.setOutputs(layer.outputs);
  const extremes = (minimum: number, maximum: number): ReadonlyMap<Value, Range> =>
    new Map([
      [x, { minimum, maximum }],
      [data, { minimum: minimum * (factor ?? 1), maximum: maximum * (factor ?? 1) }],
    ]);
  return { graph, extremes };
}

function codesFor(options: Options, minimum: number, maximum: number): readonly string[] {
  const { graph, extremes } = model(options);
  return inputRangeWarnings(graph, extremes(minimum, maximum)).map(({ code }) => code);
}

describe("the range of an input", () => {
  test("of bytes is told where the first layer was trained on smaller numbers, with its name", () => {
    const { graph, extremes } = model();
    const [{ code, message }] = inputRangeWarnings(graph, extremes(0, 255));
    expect(code).toBe("quantize.input-not-normalized");
    expect(message).toMatch(/^input x .* linear first sees from 0 to 255 and may answer with 1224,/);
  });

  test.each<[string, Options, number, number]>([
    ["normalized numbers", {}, -1, 1],
    ["features that were never bytes", {}, -120, 120],
    ["bytes for a layer that takes them", { weight: 0.005 }, 0, 255],
    ["bytes that the model normalizes itself", { factor: 1 / 255 }, 0, 255],
  ])("of %s is in order", (_, options, minimum, maximum) => {
    expect(codesFor(options, minimum, maximum)).toEqual([]);
  });

  test("that is nothing beside the first layer's bias is told", () => {
    expect(codesFor({}, -1, -0.99)).toEqual(["quantize.input-hardly-varies"]);
    expect(codesFor({ weight: 0.005 }, 0, 1)).toEqual(["quantize.input-hardly-varies"]);
  });
});
