import { describe, expect, it } from "vitest";
import {
  diagnosticsOf,
  input,
  int,
  ints,
  longs,
  type ModelParts,
  node,
  operatorsOf,
  run,
  text,
} from "../model.testing.ts";

const range = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const int64 = 7;
const of = (
  line: ModelParts["nodes"][number],
  inputs: ModelParts["inputs"],
  ...initializers: NonNullable<ModelParts["initializers"]>
) => ({ inputs, nodes: [line], outputs: ["y"], initializers, opset: 18 });

describe("picking by indices", () => {
  it("takes one element for each index along an axis, counted from the end below zero", () => {
    const elements = node("GatherElements x i -> y", int("axis", 1));
    const parts = of(elements, [input("x", [2, 3]), input("i", [2, 2], int64)]);
    expect(run(parts, range(6), [0, -1, 2, 0]).values).toEqual([1, 3, 6, 4]);
    expect(diagnosticsOf(of(elements, [input("x", [2, 3]), input("i", [3, 2], int64)]))).toMatchObject([
      { code: "onnx.shape" },
    ]);
  });

  it("counts indices from the end at run time where they may be below zero", () => {
    const gathered = of(node("Gather x i -> y"), [input("x", [3]), input("i", [2], int64)]);
    expect(operatorsOf(gathered)).toEqual(["floorMod", "gather"]);
    expect(run(gathered, range(3), [-1, 1]).values).toEqual([3, 2]);
    const best = [node("ArgMax x -> i", int("keepdims", 0)), node("Gather x i -> y")];
    expect(operatorsOf({ ...gathered, inputs: [input("x", [3])], nodes: best })).toEqual(["argMax", "gather"]);
    const slices = of(node("GatherND x i -> y"), [input("x", [2, 2]), input("i", [2, 2], int64)]);
    expect(run(slices, range(4), [-1, 0, 1, -1]).values).toEqual([3, 4]);
  });

  it("takes slices within each batch", () => {
    const parts = of(node("GatherND x i -> y", int("batch_dims", 1)), [
      input("x", [2, 2, 2]),
      input("i", [2, 1], int64),
    ]);
    expect(run(parts, range(8), [1, 0])).toEqual({ shape: [2, 2], values: [3, 4, 5, 6] });
  });
});

describe("placing by indices", () => {
  const places = (reduction: string, ...initializers: NonNullable<ModelParts["initializers"]>) =>
    of(
      node("ScatterND x i u -> y", text("reduction", reduction)),
      [input("x", [3]), ...(initializers.length > 0 ? [] : [input("i", [3, 1], int64)]), input("u", [3])],
      ...initializers,
    );
  const indices = { ...longs("i", 2, 0, -1), dims: [3, 1] };

  it.each([
    ["none", [20, 2, 30]],
    ["add", [21, 2, 43]],
    ["mul", [20, 2, 900]],
    ["max", [20, 2, 30]],
    ["min", [1, 2, 3]],
  ])("with reduction %s is the same for constant indices and for ones computed", (reduction, expected) => {
    expect(run(places(reduction, indices), [1, 2, 3], [10, 20, 30]).values).toEqual(expected);
    expect(run(places(reduction), [1, 2, 3], [2, 0, -1], [10, 20, 30]).values).toEqual(expected);
  });

  it("compares no places with rows where indices are constants", () => {
    expect(operatorsOf(places("add", indices))).not.toContain("equal");
    expect(operatorsOf(places("add"))).toContain("equal");
  });

  it("refuses to compare more than is reasonable", () => {
    const parts = of(node("ScatterND x i u -> y"), [
      input("x", [10000]),
      input("i", [10000, 1], int64),
      input("u", [10000]),
    ]);
    expect(diagnosticsOf(parts)).toMatchObject([{ code: "onnx.unsupported-attribute" }]);
  });

  it("puts maxima back, and fills up to the shape asked for", () => {
    const parts = of(
      node("MaxUnpool x i s -> y", ints("kernel_shape", 2), ints("strides", 2)),
      [input("x", [1, 1, 2]), input("i", [1, 1, 2], int64)],
      longs("s", 1, 1, 5),
    );
    expect(run(parts, [7, 8], [1, 2]).values).toEqual([0, 7, 8, 0, 0]);
  });

  it("writes an update into each sequence of a cache, around its end if circular", () => {
    const parts = of(node("TensorScatter x u i -> y", int("axis", 1), text("mode", "circular")), [
      input("x", [2, 3]),
      input("u", [2, 2]),
      input("i", [2], int64),
    ]);
    expect(run(parts, range(6), [10, 20, 30, 40], [2, 0]).values).toEqual([20, 2, 10, 30, 40, 6]);
  });
});

describe("Pad", () => {
  const pad = (mode: string, size: number, ...pads: readonly number[]) =>
    of(node("Pad x p -> y", text("mode", mode)), [input("x", [size])], longs("p", ...pads));

  it("goes on as often as it has to", () => {
    expect(run(pad("wrap", 2, 3, 4), [1, 2]).values).toEqual([2, 1, 2, 1, 2, 1, 2, 1, 2]);
    expect(run(pad("reflect", 3, 5, 0), [1, 2, 3]).values).toEqual([2, 1, 2, 3, 2, 1, 2, 3]);
    expect(run(pad("reflect", 1, 2, 1), [5]).values).toEqual([5, 5, 5, 5]);
  });

  it("crops first where a count is negative", () => {
    expect(run(pad("edge", 3, -1, 2), [1, 2, 3]).values).toEqual([2, 3, 3, 3]);
    expect(run(pad("reflect", 3, 1, -1), [1, 2, 3]).values).toEqual([2, 1, 2]);
  });

  it("crops or pads around the middle", () => {
    const centered = (size: number) => of(node("CenterCropPad x s -> y"), [input("x", [4])], longs("s", size));
    expect(run(centered(1), range(4)).values).toEqual([2]);
    expect(run(centered(7), range(4)).values).toEqual([0, 1, 2, 3, 4, 0, 0]);
  });

  it("does not fill the memory", () => {
    expect(diagnosticsOf(pad("wrap", 2, 2 ** 40, 0))).toMatchObject([{ code: "onnx.too-large" }]);
  });
});
