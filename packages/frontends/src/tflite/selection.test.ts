import { numbersOf, type Tensor } from "@millrace/ir";
import { referenceEngine } from "@millrace/runtime";
import { describe, expect, it } from "vitest";
import { importTflite } from "./import.ts";
import { problemsOf, sketch, type TensorSketch } from "./models.testing.ts";

const x: TensorSketch = { name: "x", shape: [2, 3] };
const places: TensorSketch = { name: "places", type: "INT64", shape: [1, 2], shapeSignature: [-1, 2] };

/** Shape and elements of the first result. */
async function resultOf(model: Parameters<typeof importTflite>[0], ...numbers: readonly number[]) {
  const { graph } = importTflite(model);
  const feed: Tensor = { dtype: "f32", shape: [2, 3], data: Float32Array.from(numbers) };
  const prepared = await referenceEngine().prepare(graph);
  const results = await prepared.run(new Map([["x", feed]]));
  const { shape, ...rest } = results.get(graph.outputs[0].name)!;
  return { shape, numbers: Array.from(numbersOf({ shape, ...rest })) };
}

describe("WHERE", () => {
  const model = sketch([x, places], [{ builtin: "WHERE", inputs: [0], outputs: [1] }]);

  it("gives the coordinates of elements that are not zero, however many there are", async () => {
    expect(await resultOf(model, 0, 1, 0, 0, 0, -2)).toEqual({ shape: [2, 2], numbers: [0, 1, 1, 2] });
    expect(await resultOf(model, 0, 0, 0, 0, 0, 0)).toEqual({ shape: [0, 2], numbers: [] });
  });

  it("has sizes of its own in each place", async () => {
    const tensors = [x, places, { ...places, name: "others" }];
    const { graph } = importTflite(
      sketch(tensors, [
        { builtin: "WHERE", inputs: [0], outputs: [1] },
        { builtin: "WHERE", inputs: [0], outputs: [2] },
      ]),
    );
    const [first, second] = graph.outputs.map(({ type }) => type.shape[0]);
    expect([typeof first, first === second]).toEqual(["string", false]);
  });

  it("is refused for integers that stand for reals, as runtimes read them as they are stored", () => {
    const stored = { ...x, type: "INT8" as const, quantization: { scale: [0.5], zeroPoint: [3n] } };
    const [problem] = problemsOf(sketch([stored, places], [{ builtin: "WHERE", inputs: [0], outputs: [1] }]));
    expect(problem.message).toContain("integers that stand for reals");
  });
});
