import { counts, integer } from "./attributes.ts";
import { defineOp, one } from "./define.ts";
import { f32, i64 } from "./literal.ts";
import { everyIndex, pick } from "./pick.ts";
import { within } from "./sizes.ts";
import { movedAxis } from "./transposing.ts";
import { shiftedAxis } from "./widening.ts";

/** Cuts x along one axis into parts of the given sizes, which make up that axis. */
export const split = defineOp({
  name: "split",
  inputs: { x: one() },
  attributes: { axis: integer, sizes: counts },
  quantization: { kind: "same", inputs: ["x"] },
  check: [
    ["there is at least one size", (_, { sizes }) => sizes.length > 0],
    ["axis is within the rank of x", ({ x }, { axis }) => within(axis, x.type.shape)],
    [
      "the sizes add up to that of axis",
      ({ x }, { axis, sizes }) => {
        const size = x.type.shape[axis];
        return typeof size === "string" || sizes.reduce((sum, part) => sum + part, 0) === size;
      },
    ],
  ],
  infer: ({ x }, { axis, sizes }) =>
    sizes.map((size) => ({ dtype: x.type.dtype, shape: x.type.shape.with(axis, size) })),
  transposed: (_, { axis, sizes }, permutation) => ({
    attributes: { axis: movedAxis(axis, permutation), sizes },
    inputs: [permutation],
    outputs: sizes.map(() => permutation),
  }),
  widened: shiftedAxis,
  evaluate({ x }, { axis, sizes }) {
    const lists = x.shape.map(everyIndex);
    let start = 0;
    return sizes.map((size) => {
      const part = lists[axis].subarray(start, start + size);
      start += size;
      return pick(x, lists.with(axis, part));
    });
  },
  samples: [
    {
      name: "columns",
      attributes: { axis: 1, sizes: [1, 2] },
      inputs: [
        f32([
          [1, 2, 3],
          [4, 5, 6],
        ]),
      ],
      outputs: [
        f32([[1], [4]]),
        f32([
          [2, 3],
          [5, 6],
        ]),
      ],
    },
    {
      name: "a list of indices",
      attributes: { axis: 0, sizes: [2, 1] },
      inputs: [i64([7, 8, 9])],
      outputs: [i64([7, 8]), i64([9])],
    },
  ],
});
