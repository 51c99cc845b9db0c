import type { Dimension } from "@millrace/ir";
import { describe, expect, test } from "vitest";
import { operators } from "./registry.ts";
import { type Case, valuesOf } from "./testing.ts";

const image = { stride: [2, 2], dilation: [1, 1], padding: [1, 1, 1, 1], layout: "first", activation: "none" };
const resizing = { mode: "nearest", coordinates: "asymmetric", nearestRounding: "floor" };

describe("infer", () => {
  const cases: [Case, Dimension[][]][] = [
    [
      {
        op: "matmul",
        inputs: [
          ["N", 4, "K"],
          ["K", 5],
        ],
        attributes: { transposeA: false, transposeB: false },
      },
      [["N", 4, 5]],
    ],
    [
      {
        op: "matmul",
        inputs: [
          ["N", 1, "K", 4],
          [3, 5, "K"],
        ],
        attributes: { transposeA: true, transposeB: true },
      },
      [["N", 3, 4, 5]],
    ],
    [
      {
        op: "conv2d",
        inputs: [
          ["N", 3, "H", 224],
          [8, 3, 3, 3],
        ],
        attributes: { ...image, groups: 1 },
      },
      [["N", 8, "floor((H - 1)/2) + 1", 112]],
    ],
    [
      {
        op: "transposeConv2d",
        inputs: [["N", 4, "H", "W"], [4, 3, 2, 2], [6]],
        attributes: { ...image, outputSize: [7, 9], groups: 2 },
      },
      [["N", 6, 7, 9]],
    ],
    [
      { op: "split", inputs: [["N", 5]], attributes: { axis: 1, sizes: [2, 3] } },
      [
        ["N", 2],
        ["N", 3],
      ],
    ],
    [
      { op: "slice", inputs: [["N", 5]], attributes: { starts: [0, 1], sizes: ["N - 1", 4], steps: [1, 1] } },
      [["N - 1", 4]],
    ],
    [
      {
        op: "pad",
        inputs: [["N", "W", 2]],
        attributes: { before: [0, 1, 0], after: [0, 2, 3], mode: "edge", value: 0 },
      },
      [["N", "W + 3", 5]],
    ],
    [
      { op: "gather", inputs: [["N", 10, 4], { dtype: "i64", shape: ["M", 2] }], attributes: { axis: 1 } },
      [["N", "M", 2, 4]],
    ],
    [{ op: "expand", inputs: [["N", 1]], attributes: { shape: [3, "N", "M"] } }, [[3, "N", "M"]]],
    [{ op: "tile", inputs: [["N", 3]], attributes: { repeats: [2, 3] } }, [["2*N", 9]]],
    [{ op: "cast", inputs: [["N"]], attributes: { to: "i64" } }, [["N"]]],
    [{ op: "select", inputs: [{ dtype: "bool", shape: ["N", 1] }, [1, "M"], []] }, [["N", "M"]]],
    [{ op: "shapeOf", inputs: [["N", "M", 3]], attributes: { start: 1, end: 3 } }, [[2]]],
    [
      { op: "resize", inputs: [["N", "H", "W", "C"]], attributes: { ...resizing, size: [8, 9], layout: "last" } },
      [["N", 8, 9, "C"]],
    ],
    [{ op: "softmax", inputs: [["N", 10]], attributes: { axis: 1, beta: 1 } }, [["N", 10]]],
    [
      {
        op: "prelu",
        inputs: [
          ["N", 4, "H"],
          [4, 1],
        ],
      },
      [["N", 4, "H"]],
    ],
    [{ op: "batchNorm", inputs: [["N", 4], [4], [4], [4], [4]], attributes: { epsilon: 0, axis: 1 } }, [["N", 4]]],
    [
      {
        op: "depthToSpace",
        inputs: [["N", "H", "W", 8]],
        attributes: { block: 2, layout: "last", order: "depthFirst" },
      },
      [["N", "2*H", "2*W", 2]],
    ],
    [
      {
        op: "spaceToDepth",
        inputs: [["N", 3, "H", 8]],
        attributes: { block: 2, layout: "first", order: "depthFirst" },
      },
      [["N", 12, "floor(H/2)", 4]],
    ],
    [{ op: "argMax", inputs: [["N", 10]], attributes: { axis: 1, keepDims: false, to: "i32" } }, [["N"]]],
    [
      {
        op: "concat",
        inputs: [
          ["N", 2],
          ["N", "M"],
        ],
        attributes: { axis: 1 },
      },
      [["N", "M + 2"]],
    ],
    [
      {
        op: "quantize",
        inputs: [["N", 2]],
        attributes: { dtype: "i8", scale: [1, 2], zeroPoint: [0, 0], axis: 1, rounding: "away" },
      },
      [["N", 2]],
    ],
  ];

  test.each(cases)("%j", ({ op, inputs, attributes = {} }, shapes) => {
    const operator = operators.get(op)!;
    const values = valuesOf(inputs);
    expect(operator.check(values, attributes)).toEqual([]);
    expect(operator.infer(values, attributes).map(({ shape }) => shape)).toEqual(shapes);
  });

  test("the result of quantize carries its parameters as float32", () => {
    const attributes = { dtype: "u8", scale: [0.1], zeroPoint: [128], axis: -1, rounding: "away" };
    expect(operators.get("quantize")!.infer(valuesOf([[2]]), attributes)).toEqual([
      { dtype: "u8", shape: [2], quantization: { scale: [Math.fround(0.1)], zeroPoint: [128] } },
    ]);
  });
});
