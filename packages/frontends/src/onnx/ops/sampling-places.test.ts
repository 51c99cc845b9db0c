import { describe, expect, it } from "vitest";
import { diagnosticsOf, floats, input, int, ints, longs, type ModelParts, node, run, text } from "../model.testing.ts";

const range = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const of = (
  line: ModelParts["nodes"][number],
  inputs: ModelParts["inputs"],
  ...initializers: NonNullable<ModelParts["initializers"]>
) => ({ inputs, nodes: [line], outputs: ["y"], initializers, opset: 20 });

describe("GridSample", () => {
  const line = (mode: string, outside: string, aligned: number, ...places: readonly number[]) => {
    const attributes = [text("mode", mode), text("padding_mode", outside), int("align_corners", aligned)];
    const grid = places.flatMap((place) => [place, 0]);
    const parts = of(
      node("GridSample x g -> y", ...attributes),
      [input("x", [1, 1, 1, 3])],
      floats("g", [1, 1, places.length, 2], grid),
    );
    return run(parts, [1, 2, 4]).values;
  };

  it("sees zeros, the border or a reflection outside the data, however far", () => {
    expect(line("linear", "zeros", 1, -1.5, -1, 0.5, 1, 100)).toEqual([0.5, 1, 3, 4, 0]);
    expect(line("linear", "border", 1, -7, 0.5, 1e9)).toEqual([1, 3, 4]);
    expect(line("linear", "reflection", 1, -1.5, 1.5, 3, 5)).toEqual([1.5, 3, 1, 4]);
    expect(line("nearest", "reflection", 0, -1.5, 1.2)).toEqual([1, 4]);
    const [beyond, edge, far] = line("cubic", "border", 1, -1.5, 1, -50);
    expect([beyond, edge, far].map((value) => value.toFixed(5))).toEqual(["0.90625", "4.00000", "1.00000"]);
  });

  it("refuses a grid of other axes than the data's", () => {
    const parts = of(node("GridSample x g -> y"), [input("x", [1, 1, 2, 2]), input("g", [1, 2, 2, 3])]);
    expect(diagnosticsOf(parts)).toMatchObject([{ code: "onnx.shape" }]);
  });
});

describe("RoiAlign", () => {
  const regions = { ...floats("r", [2, 4], [0, 0, 2, 2, 0, 0, 4, 4]) };
  const align = (...attributes: NonNullable<ModelParts["nodes"][number]["attributes"]>) =>
    of(
      node("RoiAlign x r b -> y", text("coordinate_transformation_mode", "output_half_pixel"), ...attributes),
      [input("x", [1, 1, 5, 5])],
      regions,
      longs("b", 0, 0),
    );

  it("samples every region as often as its size asks for, or as often as it is told", () => {
    const rows = Array.from({ length: 25 }, (_, at) => Math.floor(at / 5));
    expect(run(align(), rows)).toEqual({ shape: [2, 1, 1, 1], values: [1, 2] });
    expect(run(align(int("sampling_ratio", 1), int("output_height", 2)), rows).values).toEqual([0.5, 1.5, 1, 3]);
    expect(run(align(int("sampling_ratio", 1), text("mode", "max")), rows).values).toEqual([1, 2]);
  });
});

describe("DeformConv", () => {
  it("looks beside its elements by the offsets of each group of channels", () => {
    const parts = of(
      node("DeformConv x w o -> y", ints("kernel_shape", 1, 1), int("offset_group", 2)),
      [input("x", [1, 2, 1, 3]), input("o", [1, 4, 1, 3])],
      floats("w", [1, 2, 1, 1], [1, 100]),
    );
    const none = [0, 0, 0];
    expect(run(parts, range(6), [...none, 0.5, 0, 1, ...none, ...none]).values).toEqual([401.5, 502, 600]);
  });
});

describe("Col2Im", () => {
  it("sums what overlaps", () => {
    const parts = of(
      node("Col2Im x i b -> y", ints("pads", 0, 1, 0, 1)),
      [input("x", [1, 2, 4])],
      longs("i", 1, 3),
      longs("b", 1, 2),
    );
    expect(run(parts, [1, 2, 3, 4, 10, 20, 30, 40])).toEqual({ shape: [1, 1, 1, 3], values: [12, 23, 34] });
  });

  it("does not fill the memory", () => {
    const parts = of(
      node("Col2Im x i b -> y", ints("strides", 2 ** 30)),
      [input("x", [1, 1, 1])],
      longs("i", 2 ** 30),
      longs("b", 1),
    );
    expect(diagnosticsOf(parts)).toMatchObject([{ code: "onnx.too-large" }]);
  });
});
