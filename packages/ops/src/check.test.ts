import type { Dimension } from "@millrace/ir";
import { describe, expect, test } from "vitest";
import { operators } from "./registry.ts";
import { type Case, valuesOf } from "./testing.ts";

const image = { stride: [2, 2], dilation: [1, 1], padding: [1, 1, 1, 1], layout: "first", activation: "none" };
const resizing = { mode: "nearest", coordinates: "asymmetric", nearestRounding: "floor" };

describe("check", () => {
  const convolution = { ...image, groups: 1 };
  const slicing = { starts: [0], sizes: [2], steps: [1] };
  const padding = { before: [1], after: [0], mode: "reflect", value: 0 };
  const blocks = { block: 2, layout: "last", order: "depthFirst" };
  const quantizing = { dtype: "i8", scale: [1], zeroPoint: [0], axis: -1, rounding: "away" };
  const cases: [Case, string][] = [
    [{ op: "add", inputs: [[2], undefined], attributes: { activation: "none" } }, "input b is missing"],
    [{ op: "add", inputs: [[2], [3]], attributes: { activation: "none" } }, "the shapes of a and b broadcast"],
    [{ op: "add", inputs: [[2], [2]], attributes: { activation: "selu" } }, "attribute activation must be one of"],
    [{ op: "add", inputs: [[2], [2]], attributes: { activation: "none", axis: 1 } }, "there is no attribute axis"],
    [{ op: "abs", inputs: [[2], [2]] }, "it takes at most 1 inputs, not 2"],
    [{ op: "concat", inputs: [[2], undefined], attributes: { axis: 0 } }, "input 1 of values is missing"],
    [{ op: "concat", inputs: [], attributes: { axis: 0 } }, "there is at least one value"],
    [
      {
        op: "concat",
        inputs: [
          [2, 2],
          [2, 3],
        ],
        attributes: { axis: 0 },
      },
      "agree in all sizes but that of axis",
    ],
    [
      {
        op: "conv2d",
        inputs: [
          [1, 3, 8],
          [8, 3, 3, 3],
        ],
        attributes: convolution,
      },
      "x has four axes",
    ],
    [
      {
        op: "conv2d",
        inputs: [
          [1, 3, 8, 8],
          [8, 4, 3, 3],
        ],
        attributes: convolution,
      },
      "groups times those of the weights",
    ],
    [
      {
        op: "conv2d",
        inputs: [
          [1, 3, 0, 0],
          [8, 3, 3, 3],
        ],
        attributes: convolution,
      },
      "the window fits",
    ],
    [
      { op: "maxPool2d", inputs: [[1, 3, 2, 2]], attributes: { ...image, kernel: [5, 5] } },
      "the window fits the padded data",
    ],
    [
      {
        op: "transposeConv2d",
        inputs: [
          [1, 3, 8, 8],
          [4, 3, 3, 3],
        ],
        attributes: { ...convolution, outputSize: [8, 8] },
      },
      "one slice for each channel of x",
    ],
    [
      {
        op: "transposeConv2d",
        inputs: [[1, 4, 8, 8], [4, 3, 3, 3], [4]],
        attributes: { ...convolution, outputSize: [8, 8] },
      },
      "bias has one number for each output channel",
    ],
    [
      { op: "matmul", inputs: [[2], [2, 3]], attributes: { transposeA: false, transposeB: false } },
      "at least two axes",
    ],
    [
      {
        op: "matmul",
        inputs: [
          [1, 2],
          [3, 1],
        ],
        attributes: { transposeA: false, transposeB: false },
      },
      "the columns of a",
    ],
    [
      {
        op: "matmul",
        inputs: [
          [2, 1, 3],
          [3, 3, 1],
        ],
        attributes: { transposeA: false, transposeB: false },
      },
      "the axes before the last two broadcast",
    ],
    [{ op: "split", inputs: [[5]], attributes: { axis: 0, sizes: [2, 2] } }, "the sizes add up"],
    [{ op: "split", inputs: [[5]], attributes: { axis: 1, sizes: [5] } }, "axis is within the rank of x"],
    [{ op: "split", inputs: [[5]], attributes: { axis: 0, sizes: [6, -1] } }, "a list of integers of at least 0"],
    [{ op: "slice", inputs: [[2, 2]], attributes: slicing }, "one entry for each axis"],
    [{ op: "slice", inputs: [[1]], attributes: slicing }, "only elements of x are read"],
    [{ op: "slice", inputs: [[4]], attributes: { ...slicing, steps: [-1] } }, "only elements of x are read"],
    [{ op: "slice", inputs: [[4]], attributes: { ...slicing, sizes: [-1] } }, "only elements of x are read"],
    [{ op: "slice", inputs: [[4]], attributes: { ...slicing, steps: [0] } }, "no step is 0"],
    [{ op: "pad", inputs: [[1]], attributes: padding }, "extended by more than its mode can give"],
    [{ op: "pad", inputs: [[0]], attributes: { ...padding, mode: "edge" } }, "extended by more than its mode can give"],
    [
      { op: "pad", inputs: [[0]], attributes: { ...padding, mode: "symmetric" } },
      "extended by more than its mode can give",
    ],
    [{ op: "gather", inputs: [[4], [1]], attributes: { axis: 0 } }, "input indices is f32, but only i32, i64 will do"],
    [
      { op: "gather", inputs: [[], { dtype: "i32", shape: [] }], attributes: { axis: 0 } },
      "axis is within the rank of data",
    ],
    [{ op: "expand", inputs: [[2]], attributes: { shape: [3] } }, "x broadcasts to shape"],
    [{ op: "expand", inputs: [[2, 1]], attributes: { shape: [2] } }, "x broadcasts to shape"],
    [{ op: "tile", inputs: [[2]], attributes: { repeats: [1, 1] } }, "one entry for each axis"],
    [{ op: "cast", inputs: [[2]], attributes: { to: "string" } }, "attribute to must be an element type"],
    [{ op: "select", inputs: [[2], [2], [2]] }, "input condition is f32, but only bool will do"],
    [{ op: "shapeOf", inputs: [[2]], attributes: { start: 1, end: 0 } }, "in order and within the rank"],
    [
      { op: "resize", inputs: [[1, 0, 2, 2]], attributes: { ...resizing, size: [1, 1], layout: "last" } },
      "at least one pixel",
    ],
    [{ op: "softmax", inputs: [[2]], attributes: { axis: -1, beta: 1 } }, "axis is within the rank of x"],
    [{ op: "prelu", inputs: [[2], [3, 2]] }, "slope broadcasts to the shape of x"],
    [{ op: "prelu", inputs: [[1], [2]] }, "slope broadcasts to the shape of x"],
    [
      { op: "batchNorm", inputs: [[1, 2], [2], [2], [2], [3]], attributes: { epsilon: 0, axis: 1 } },
      "one number for each index",
    ],
    [{ op: "depthToSpace", inputs: [[1, 2, 2, 6]], attributes: blocks }, "block squared divides the channels"],
    [{ op: "spaceToDepth", inputs: [[1, 2, 3, 6]], attributes: blocks }, "block divides the height and width"],
    [
      { op: "argMin", inputs: [[2, 0]], attributes: { axis: 1, keepDims: true, to: "i32" } },
      "axis has at least one element",
    ],
    [{ op: "quantize", inputs: [[2]], attributes: { ...quantizing, dtype: "f16" } }, "dtype is an integer type"],
    [{ op: "quantize", inputs: [[2]], attributes: { ...quantizing, scale: [0] } }, "scales are positive and finite"],
    [{ op: "quantize", inputs: [[2]], attributes: { ...quantizing, zeroPoint: [128] } }, "within the range of dtype"],
    [{ op: "quantize", inputs: [[2]], attributes: { ...quantizing, axis: 0 } }, "one for each index of axis"],
    [
      { op: "quantize", inputs: [{ dtype: "i8", shape: [2] }], attributes: quantizing },
      "integers of x stand for reals",
    ],
    [{ op: "dequantize", inputs: [{ dtype: "i8", shape: [2] }] }, "integers of x stand for reals"],
  ];

  test.each(cases)("%j", ({ op, inputs, attributes = {} }, sentence) => {
    expect(operators.get(op)!.check(valuesOf(inputs), attributes).join("; ")).toContain(sentence);
  });

  test("never throws, whatever the ranks and sizes of inputs and lists", () => {
    const shapes: Dimension[][] = [
      [],
      [0],
      ["N"],
      [2, 3],
      [1, "H", 2],
      [1, 2, 3, 4],
      [0, 0, 0, 0],
      ["N", "C", "H", "W"],
      [1, 1, 1, 1, 1],
    ];
    for (const op of operators.values()) {
      for (const { attributes, inputs } of op.samples) {
        for (const first of shapes) {
          for (const second of shapes) {
            const types = inputs.map((tensor, index) => ({
              dtype: tensor?.dtype ?? ("f32" as const),
              shape: index === 0 ? first : second,
            }));
            const values = valuesOf(types);
            if (op.check(values, attributes).length === 0) op.infer(values, attributes);
          }
        }
      }
    }
  });
});
