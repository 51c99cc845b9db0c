import { describe, expect, it } from "vitest";
import {
  diagnosticsOf,
  float,
  floats,
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
const one = (
  x: ModelParts["inputs"][number],
  operator: ModelParts["nodes"][number],
  ...initializers: NonNullable<ModelParts["initializers"]>
) => ({
  inputs: [x],
  nodes: [operator],
  outputs: ["y"],
  initializers,
});

describe("Conv", () => {
  it("with one spatial axis is an image of height 1", () => {
    const parts = one(
      input("x", [1, 1, 5]),
      node("Conv x w -> y", ints("pads", 1, 1), ints("strides", 2)),
      floats("w", [1, 1, 3], [1, 10, 100]),
    );
    expect(operatorsOf(parts)).toEqual(["reshape", "conv2d", "reshape"]);
    expect(run(parts, range(5))).toEqual({ shape: [1, 1, 3], values: [210, 432, 54] });
  });

  it("places the odd element of same padding by its mode", () => {
    const weights = floats("w", [1, 1, 1, 2], [1, 10]);
    const same = (mode: string) =>
      one(input("x", [1, 1, 1, 3]), node("Conv x w -> y", text("auto_pad", mode)), weights);
    expect(run(same("SAME_UPPER"), [1, 2, 3]).values).toEqual([21, 32, 3]);
    expect(run(same("SAME_LOWER"), [1, 2, 3]).values).toEqual([10, 21, 32]);
    expect(run(same("VALID"), [1, 2, 3]).values).toEqual([21, 32]);
  });

  it("needs known sizes for same padding only if it strides", () => {
    const weights = floats("w", [1, 1, 3, 3], range(9));
    const same = (stride: number) =>
      one(
        input("x", [1, 1, "h", "w"]),
        node("Conv x w -> y", text("auto_pad", "SAME_UPPER"), ints("strides", stride, stride)),
        weights,
      );
    expect(diagnosticsOf(same(1))).toEqual([]);
    expect(diagnosticsOf(same(2))).toMatchObject([
      { code: "onnx.unsupported-attribute", hint: "Give the size of h, or export the model with explicit padding." },
      { code: "onnx.open-sizes", severity: "info" },
    ]);
  });

  it("refuses weights with other spatial axes and a kernel that is not theirs", () => {
    const weights = floats("w", [1, 1, 1, 1], [1]);
    expect(diagnosticsOf(one(input("x", [1, 1, 2, 2, 2]), node("Conv x w -> y"), weights))).toMatchObject([
      { code: "onnx.shape" },
    ]);
    const wrong = node("Conv x w -> y", ints("kernel_shape", 3, 3));
    expect(diagnosticsOf(one(input("x", [1, 1, 2, 2]), wrong, weights))).toMatchObject([{ code: "onnx.shape" }]);
  });

  it("with three spatial axes and groups is a convolution of slices", () => {
    const attributes = [ints("strides", 2, 1, 1), ints("pads", 1, 0, 0, 0, 0, 0), int("group", 2)];
    const parts = one(
      input("x", [1, 2, 3, 1, 2]),
      node("Conv x w b -> y", ...attributes),
      floats("w", [2, 1, 2, 1, 1], [1, 10, 100, 1000]),
      floats("b", [2], [0.5, 0.25]),
    );
    expect(run(parts, range(12))).toEqual({
      shape: [1, 2, 2, 1, 2],
      values: [10.5, 20.5, 53.5, 64.5, 7000.25, 8000.25, 11900.25, 13000.25],
    });
    expect(operatorsOf(parts)).not.toContain("matmul");
  });
});

describe("ConvTranspose", () => {
  const up = (...attributes: Parameters<typeof ints>[]) =>
    run(
      one(
        input("x", [1, 1, 2]),
        node("ConvTranspose x w -> y", ints("strides", 2), ...attributes.map((attribute) => ints(...attribute))),
        floats("w", [1, 1, 3], [1, 2, 4]),
      ),
      [1, 10],
    ).values;

  it("crops by pads, extends by output_padding and fits output_shape", () => {
    expect(up()).toEqual([1, 2, 14, 20, 40]);
    expect(up(["pads", 1, 1])).toEqual([2, 14, 20]);
    expect(up(["pads", 1, 0], ["output_padding", 1])).toEqual([2, 14, 20, 40, 0]);
    expect(up(["output_shape", 4])).toEqual([2, 14, 20, 40]);
  });

  it("with three spatial axes overlays what each slice gives, with the bias once", () => {
    const parts = one(
      input("x", [1, 1, 2, 1, 1]),
      node("ConvTranspose x w b -> y", ints("strides", 1, 1, 1)),
      floats("w", [1, 1, 2, 1, 2], [1, 2, 3, 4]),
      floats("b", [1], [0.5]),
    );
    expect(run(parts, [1, 10])).toEqual({ shape: [1, 1, 3, 1, 2], values: [1.5, 2.5, 13.5, 24.5, 30.5, 40.5] });
  });

  it("is not laid out where its result would fill the memory", () => {
    const parts = one(
      input("x", [1, 1, 1, 1, 1]),
      node("ConvTranspose x w -> y", ints("output_shape", 2 ** 30, 1, 1)),
      floats("w", [1, 1, 1, 1, 1], [1]),
    );
    expect(diagnosticsOf(parts)).toMatchObject([{ code: "onnx.too-large" }]);
  });
});

describe("pooling", () => {
  const pool = (type: string, size: number, ...attributes: ReturnType<typeof ints>[]) =>
    run(one(input("x", [1, 1, size]), node(`${type} x -> y`, ...attributes)), range(size)).values;

  it("rounds up with ceil_mode, and drops a window that starts in the padding", () => {
    expect(pool("MaxPool", 4, ints("kernel_shape", 3), ints("strides", 2), int("ceil_mode", 1))).toEqual([3, 4]);
    expect(
      pool("MaxPool", 3, ints("kernel_shape", 2), ints("strides", 2), ints("pads", 1, 1), int("ceil_mode", 1)),
    ).toEqual([1, 3]);
  });

  it("counts padding, but not the room ceil_mode makes", () => {
    const attributes = [ints("kernel_shape", 2), ints("strides", 2), ints("pads", 1, 0), int("ceil_mode", 1)];
    expect(pool("AveragePool", 4, ...attributes)).toEqual([1, 2.5, 4]);
    expect(pool("AveragePool", 4, ...attributes, int("count_include_pad", 1))).toEqual([0.5, 2.5, 4]);
  });

  it("refuses a window that holds padding only", () => {
    const wide = node("MaxPool x -> y", ints("kernel_shape", 1), ints("pads", 1, 1));
    expect(diagnosticsOf(one(input("x", [1, 1, 4]), wide))).toMatchObject([{ code: "onnx.unsupported-attribute" }]);
  });

  it("tells where maxima stand, row by row or column by column", () => {
    const places = (order: number) => {
      const attributes = [ints("kernel_shape", 2, 2), ints("pads", 0, 1, 0, 0), int("storage_order", order)];
      return run(
        { ...one(input("x", [1, 2, 2, 3]), node("MaxPool x -> _ y", ...attributes)) },
        [9, 1, 1, 1, 1, 7, 2, 2, 2, 2, 2, 2],
      ).values;
    };
    expect(places(0)).toEqual([0, 0, 5, 6, 6, 7]);
    expect(places(1)).toEqual([0, 0, 5, 6, 6, 8]);
    const dilated = [ints("kernel_shape", 2), ints("dilations", 2), ints("pads", 1, 1)];
    expect(run(one(input("x", [1, 1, 3]), node("MaxPool x -> _ y", ...dilated)), [9, 1, 5]).values).toEqual([1, 0, 1]);
  });

  it("folds three axes, also dilated ones", () => {
    const cube = (type: string, ...attributes: ReturnType<typeof ints>[]) =>
      run(
        one(input("x", [1, 1, 3, 2, 2]), node(`${type} x -> y`, ints("kernel_shape", 2, 2, 1), ...attributes)),
        range(12),
      );
    expect(cube("MaxPool", ints("dilations", 2, 1, 1))).toEqual({ shape: [1, 1, 1, 1, 2], values: [11, 12] });
    expect(cube("AveragePool").values).toEqual([4, 5, 8, 9]);
    const padded = [ints("dilations", 2, 1, 1), ints("pads", 1, 0, 0, 1, 0, 0)];
    expect(cube("AveragePool", ...padded).values).toEqual([6, 7, 6, 7, 6, 7]);
    expect(cube("AveragePool", ...padded, int("count_include_pad", 1)).values).toEqual([3, 3.5, 6, 7, 3, 3.5]);
  });

  it("takes norms of windows and of whole channels", () => {
    const attributes = [ints("kernel_shape", 2), ints("strides", 2)];
    const values = (type: string, p: number, ...more: typeof attributes) =>
      run(one(input("x", [1, 1, 4]), node(`${type} x -> y`, int("p", p), ...more)), [3, -4, 0, 2]).values;
    expect(values("LpPool", 1, ...attributes)).toEqual([7, 2]);
    expect(values("LpPool", 2, ...attributes)).toEqual([5, 2]);
    expect(values("GlobalLpPool", 1)).toEqual([9]);
    expect(values("LpPool", 3, ...attributes)[0]).toBeCloseTo(91 ** (1 / 3), 5);
  });

  it("normalizes over neighbouring channels", () => {
    const lrn = node("LRN x -> y", int("size", 2), float("alpha", 2), float("beta", 1), float("bias", 1));
    expect(run(one(input("x", [1, 3, 1, 1]), lrn), [1, 2, 3]).values.map((value) => value.toFixed(6))).toEqual(
      [1 / (1 + 1 + 4), 2 / (1 + 4 + 9), 3 / (1 + 9)].map((value) => value.toFixed(6)),
    );
  });
});

describe("Resize", () => {
  const resize = (sizes: readonly number[], ...attributes: ReturnType<typeof text>[]) =>
    one(input("x", [1, 1, 1, 2]), node("Resize x _ _ s -> y", ...attributes), longs("s", ...sizes));

  it("samples as the source does", () => {
    expect(run(resize([1, 1, 1, 4], text("mode", "nearest")), [1, 2]).values).toEqual([1, 1, 2, 2]);
    expect(run(resize([1, 1, 1, 4], text("mode", "linear")), [1, 2]).values).toEqual([1, 1.25, 1.75, 2]);
    const corners = text("coordinate_transformation_mode", "align_corners");
    expect(run(resize([1, 1, 1, 3], text("mode", "linear"), corners), [1, 2]).values).toEqual([1, 1.5, 2]);
  });

  it("takes scales in older opsets, and is nothing where sizes stay", () => {
    const upsample = one(input("x", [1, 1, 1, 2]), node("Upsample x s -> y"), floats("s", [4], [1, 1, 2, 1.5]));
    expect(run({ ...upsample, opset: 9 }, [1, 2])).toEqual({ shape: [1, 1, 2, 3], values: [1, 1, 2, 1, 1, 2] });
    expect(operatorsOf(resize([1, 1, 1, 2]))).toEqual([]);
  });

  it("finds the channels in the last axis", () => {
    const parts = one(input("x", [1, 2, 1, 2]), node("Resize x _ _ s -> y"), longs("s", 1, 4, 1, 2));
    expect(run(parts, [1, 2, 3, 4]).values).toEqual([1, 2, 1, 2, 3, 4, 3, 4]);
  });

  it("mixes what no image resizing gives by constant weights, in any axes", () => {
    const scaled = one(
      input("x", [1, 1, 1, 4]),
      node("Resize x _ s -> y", text("mode", "linear")),
      floats("s", [4], [1, 1, 1, 0.6]),
    );
    expect(operatorsOf(scaled)).toContain("linear");
    const [first, second] = run(scaled, [0, 6, 12, 18]).values;
    expect([first, second].map((value) => value.toFixed(4))).toEqual(["2.0000", "12.0000"]);
    const flat = one(input("x", [2, 2]), node("Resize x _ _ s -> y", text("mode", "linear")), longs("s", 3, 2));
    expect(run(flat, [0, 1, 6, 7]).values.map((value) => value.toFixed(4))).toEqual(
      [0, 1, 3, 4, 6, 7].map((value) => value.toFixed(4)),
    );
  });

  it("extrapolates outside the data where a region reaches beyond it", () => {
    const attributes = [text("coordinate_transformation_mode", "tf_crop_and_resize"), text("mode", "linear")];
    const parts = one(
      input("x", [2]),
      node("Resize x r _ s -> y", ...attributes, float("extrapolation_value", 9)),
      floats("r", [2], [0, 2]),
      longs("s", 3),
    );
    expect(run(parts, [4, 8]).values).toEqual([4, 8, 9]);
  });

  it("refuses modes and sizes there are not", () => {
    expect(diagnosticsOf(resize([1, 1, 1, 4], text("mode", "lanczos")))).toMatchObject([
      { code: "onnx.unsupported-attribute", hint: "Use one of nearest, linear, bilinear, cubic." },
    ]);
    expect(diagnosticsOf(resize([1, 1, 1, 2 ** 20]))).toMatchObject([{ code: "onnx.unsupported-attribute" }]);
  });
});
