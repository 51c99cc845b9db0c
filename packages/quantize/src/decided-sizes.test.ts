import { fromNumbers, isStatic, numbersOf, parseGraph, type Tensor } from "@millrace/ir";
import { operators } from "@millrace/ops";
import { referenceEngine } from "@millrace/runtime";
import { describe, expect, it } from "vitest";
import { analyzeLayers } from "./analysis/analyze-layers.ts";
import { calibrate } from "./calibrate.ts";
import { quantizeGraph } from "./quantize.ts";

/** The sigmoids of the rows that are marked. */
const source = `graph picking
input marks: bool[4]
input x: f32[4,2]
places: i64[K,1] = where(marks) {shape=[K,1]}
flat: i64[K] = reshape(places) {shape=[K]}
small: f32[4,2] = sigmoid(x)
picked: f32[K,2] = gather(small, flat) {axis=0}
tilted: f32[K,2] = sigmoid(picked)
output tilted
`;

const float = parseGraph(source, operators);
const feeds = (...marks: readonly number[]) =>
  new Map<string, Tensor>([
    ["marks", fromNumbers("bool", [4], marks)],
    ["x", fromNumbers("f32", [4, 2], [0, 1, 2, 3, -1, -2, -3, -4])],
  ]);

async function* stream<T>(...items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

describe("a graph in which data decides sizes", () => {
  it("is calibrated on all samples that hold numbers, and runs in integers", async () => {
    const calibration = await calibrate(float, referenceEngine(), stream(feeds(1, 1, 1, 1), feeds(0, 0, 0, 0)));
    const { graph } = quantizeGraph(float, calibration);
    const { scale, zeroPoint } = graph.inputs[1].type.quantization!;
    const stored = [0, 1, 2, 3, -1, -2, -3, -4].map((real) => Math.round(real / scale[0]) + zeroPoint[0]);
    const integers = (...marks: readonly number[]) => feeds(...marks).set("x", fromNumbers("i8", [4, 2], stored));
    const prepared = await referenceEngine().prepare(graph);
    const { shape, ...rest } = (await prepared.run(integers(0, 1, 0, 0))).get("tilted")!;
    const reals = Array.from(numbersOf({ shape, ...rest }), (number) => (number + 128) / 256);
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
    expect(shape).toEqual([1, 2]);
    expect(reals).toEqual([2, 3].map((x) => expect.closeTo(sigmoid(sigmoid(x)), 1)));
    const engine = referenceEngine();
    const pairs = stream({ reference: feeds(1, 0, 0, 0), quantized: integers(1, 1, 0, 0) });
    const errors = await analyzeLayers({ graph: float, engine }, { graph, engine }, pairs);
    expect(errors.map(({ name }) => name)).toEqual(["small"]);
    expect(isStatic(graph.outputs[0].type.shape)).toBe(false);
  });

  it("can't be calibrated on samples in which nothing is found", async () => {
    const run = calibrate(float, referenceEngine(), stream(feeds(0, 0, 0, 0)));
    await expect(run).rejects.toThrow("quantize.empty-value: value picked holds no number");
  });
});
