import { numbersOf, type Tensor } from "@millrace/ir";
import { referenceEngine } from "@millrace/runtime";
import { describe, expect, it } from "vitest";
import { importTflite } from "./import.ts";
import { indices, problemsOf, sketch, type TensorSketch } from "./models.testing.ts";

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

describe("NON_MAX_SUPPRESSION", () => {
  const real = (name: string, value: number): TensorSketch => ({ name, shape: [], data: Float32Array.of(value) });
  const corners = Float32Array.of(0, 0, 2, 2, 0, 0, 2, 1, 5, 5, 6, 6, 5, 5, 6, 6, 8, 8, 9, 9, 8, 8, 9, 9);
  const operands: readonly TensorSketch[] = [
    { name: "boxes", shape: [6, 4], data: corners },
    { name: "x", shape: [2, 3] },
    { name: "scores", shape: [6] },
    { ...indices(4), name: "most", shape: [] },
    real("overlap", 0.5),
    real("least", 0.1),
    real("sigma", 0.5),
  ];
  const whole = (name: string, shape: readonly number[]): TensorSketch => ({ name, type: "INT32", shape });
  const reshape = { builtin: "RESHAPE", inputs: [1], outputs: [2] } as const;
  const flat = { ...reshape, options: { kind: "ReshapeOptions", newShape: [6] } } as const;

  it("selects boxes with room for all, and drops what overlaps by as much as the threshold", async () => {
    const results = [whole("y", [4]), whole("count", [])];
    const model = sketch(
      [...operands, ...results],
      [flat, { builtin: "NON_MAX_SUPPRESSION_V4", inputs: [0, 2, 3, 4, 5], outputs: [7, 8] }],
    );
    expect(await resultOf(model, 0.8, 0.9, 0.3, 0.6, 0.05, 0.1)).toEqual({ shape: [4], numbers: [1, 3, 0, 0] });
  });

  it("lowers the scores of what overlaps in version 5", async () => {
    const results = [{ name: "scores out", shape: [4] }, whole("y", [4]), whole("count", [])];
    const model = sketch(
      [...operands, ...results],
      [flat, { builtin: "NON_MAX_SUPPRESSION_V5", inputs: [0, 2, 3, 4, 5, 6], outputs: [8, 7, 9] }],
    );
    const [first, second, ...rest] = (await resultOf(model, 0.8, 0.9, 0.3, 0.6, 0.05, 0.1)).numbers;
    expect([first, second, ...rest]).toEqual([0.9, 0.6, 0, 0].map((score) => expect.closeTo(score, 6)));
  });

  it("needs to know the number of boxes", () => {
    const results = [whole("y", [4]), whole("count", [])];
    const computed = operands.with(3, { name: "most", shape: [], type: "INT32" });
    const nodes = [flat, { builtin: "NON_MAX_SUPPRESSION_V4", inputs: [0, 2, 3, 4, 5], outputs: [7, 8] } as const];
    expect(problemsOf(sketch([...computed, ...results], nodes))).toMatchObject([{ code: "tflite.not-constant" }]);
  });
});

describe("UNIQUE", () => {
  const values: TensorSketch = { name: "y", shape: [1], shapeSignature: [-1] };
  const flat: TensorSketch = { name: "flat", shape: [6] };
  const kinds: TensorSketch = { name: "kinds", type: "INT64", shape: [6] };
  const model = sketch(
    [x, flat, values, kinds],
    [
      { builtin: "RESHAPE", inputs: [0], outputs: [1], options: { kind: "ReshapeOptions", newShape: [6] } },
      { builtin: "UNIQUE", inputs: [1], outputs: [2, 3], options: { kind: "UniqueOptions", idxOutType: "INT64" } },
    ],
  );

  it("gives the different elements in the order in which they are met", async () => {
    expect(await resultOf(model, 3, 1, 3, 2, 1, 0)).toEqual({ shape: [4], numbers: [3, 1, 2, 0] });
  });
});
