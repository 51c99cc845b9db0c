import { type AxisRange, Graph, numbersOf, type OperatorSample, type Tensor } from "@millrace/ir";
import { describe, expect, test } from "vitest";
import { f32 } from "./literal.ts";
import { pick } from "./pick.ts";
import { operators } from "./registry.ts";

function part(tensor: Tensor, { axis, start, end }: AxisRange): Tensor {
  const indices = (size: number, at: number) => (at === axis ? [start, end] : [0, size]);
  return pick(
    tensor,
    tensor.shape.map((size, at) => {
      const [first, last] = indices(size, at);
      return Int32Array.from({ length: last - first }, (_, index) => first + index);
    }),
  );
}

/** Every part of a tensor along one axis. */
function partsOf({ shape }: Tensor): AxisRange[] {
  return shape.flatMap((size, axis) =>
    Array.from({ length: size }, (_, start) =>
      Array.from({ length: size - start }, (__, more) => ({ axis, start, end: start + more + 1 })),
    ).flat(),
  );
}

/** Computes some parts of a sample's result by the sliced form; gives how many had one. */
function checkSample(name: string, { attributes, inputs, quantizations, outputs: [whole] }: OperatorSample): number {
  const op = operators.get(name)!;
  const graph = new Graph("sample");
  const valuesOf = (tensors: readonly (Tensor | undefined)[]) =>
    tensors.map((tensor, index) => tensor && graph.addConstant("x", tensor, quantizations?.[index]));
  const values = valuesOf(inputs);
  let formed = 0;
  for (const range of partsOf(whole)) {
    const form = op.sliced!(values, attributes, range);
    if (form === undefined) continue;
    formed++;
    const read = inputs.map((tensor, index) =>
      tensor && form.inputs[index] ? part(tensor, form.inputs[index]) : tensor,
    );
    const own = valuesOf(read);
    expect(op.check(own, form.attributes)).toEqual([]);
    const types = op.infer(own, form.attributes);
    const [result] = op.evaluate!(
      read,
      form.attributes,
      types,
      own.map((value) => value?.type),
    );
    const wanted = part(whole, range);
    expect(result.shape).toEqual(wanted.shape);
    for (const [at, number] of Array.from(numbersOf(wanted)).entries())
      expect(numbersOf(result)[at]).toBeCloseTo(number, 4);
  }
  return formed;
}

const sliceable = [...operators].filter(([, { sliced, evaluate }]) => sliced && evaluate);

describe("parts of results are what the whole results hold there", () => {
  test.each(sliceable)("%s", (name, { samples }) => {
    expect(samples.reduce((sum, sample) => sum + checkSample(name, sample), 0)).toBeGreaterThan(0);
  });
});

describe("a window that slides over rows", () => {
  const images = f32([Array.from({ length: 7 }, (_, row) => [[row * row], [5 - row]])]);
  const windows = {
    kernel: [3, 1],
    stride: [2, 1],
    padding: [2, 0, 1, 0],
    layout: "last",
    activation: "none",
  } as const;

  test.each([true, false])("counts its padding as before where it does at all (%s)", (countPadding) => {
    const op = operators.get("averagePool2d")!;
    const attributes = { ...windows, countPadding };
    const graph = new Graph("pool");
    const x = graph.addConstant("x", images);
    const [whole] = op.evaluate!([images], attributes, op.infer([x], attributes));
    const sample: OperatorSample = { name: "rows", attributes, inputs: [images], outputs: [whole] };
    expect(checkSample("averagePool2d", sample)).toBe(14);
  });

  test("has no form for rows of nothing but padding", () => {
    const op = operators.get("maxPool2d")!;
    const x = new Graph("pool").addConstant("x", images);
    const attributes = { ...windows, kernel: [1, 1], dilation: [1, 1] };
    expect(op.sliced!([x], attributes, { axis: 1, start: 0, end: 1 })).toBeUndefined();
    expect(op.sliced!([x], attributes, { axis: 1, start: 0, end: 2 })).toEqual({
      attributes: { ...attributes, padding: [2, 0, 0, 0] },
      inputs: [{ axis: 1, start: 0, end: 1 }],
    });
  });
});
