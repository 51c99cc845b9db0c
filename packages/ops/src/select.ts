import { broadcastShapes, type Shape, type Value, zeros } from "@millrace/ir";
import { forEachBroadcast } from "./broadcast.ts";
import { defineOp, one } from "./define.ts";
import { bool, f32, i64 } from "./literal.ts";
import { slicedAlike } from "./slicing.ts";
import { broadcastAlongside } from "./transposing.ts";
import { whateverAxes } from "./widening.ts";

function commonShape(values: readonly Value[]): Shape | undefined {
  return values.reduce<Shape | undefined>((shape, { type }) => shape && broadcastShapes(shape, type.shape), []);
}

/** Elements of a where condition holds, else of b; the three broadcast. */
export const select = defineOp({
  name: "select",
  inputs: { condition: one("bool"), a: one(), b: one() },
  attributes: {},
  quantization: {
    kind: "float",
    why: "it mostly mixes in masks of extreme numbers, which would spoil the scale that a and b have to share",
  },
  check: [
    ["a and b have one element type", ({ a, b }) => a.type.dtype === b.type.dtype],
    [
      "the shapes of condition, a and b broadcast",
      ({ condition, a, b }) => commonShape([condition, a, b]) !== undefined,
    ],
  ],
  infer: ({ condition, a, b }) => ({ dtype: a.type.dtype, shape: commonShape([condition, a, b])! }),
  transposed: ({ condition, a, b }, attributes, permutation) =>
    broadcastAlongside([condition, a, b], attributes, permutation),
  widened: whateverAxes,
  sliced: ({ condition, a, b }, attributes, range) => slicedAlike([condition, a, b], attributes, range),
  evaluate({ condition, a, b }, _, [output]) {
    const result = zeros(output.dtype, output.shape as readonly number[]);
    const [holds, yes, no] = [condition.data, a.data as Float64Array, b.data as Float64Array];
    const target = result.data as Float64Array;
    forEachBroadcast(result.shape, [condition.shape, a.shape, b.shape], (out, indices) => {
      target[out] = holds[indices[0]] ? yes[indices[1]] : no[indices[2]];
    });
    return result;
  },
  samples: [
    {
      name: "element by element",
      attributes: {},
      inputs: [bool([1, 0, 1]), f32([1, 2, 3]), f32([-1, -2, -3])],
      outputs: [f32([1, -2, 3])],
    },
    {
      name: "one condition for each row",
      attributes: {},
      inputs: [
        bool([[1], [0]]),
        i64([
          [1, 2],
          [3, 4],
        ]),
        i64(0),
      ],
      outputs: [
        i64([
          [1, 2],
          [0, 0],
        ]),
      ],
    },
  ],
});
