import { multiplyDimensions, permute } from "@millrace/ir";
import { counts } from "./attributes.ts";
import { defineOp, one } from "./define.ts";
import { f32, i32 } from "./literal.ts";
import { pick } from "./pick.ts";

/** x repeated repeats[axis] times along each axis. */
export const tile = defineOp({
  name: "tile",
  inputs: { x: one() },
  attributes: { repeats: counts },
  quantization: { kind: "same", inputs: ["x"] },
  check: [["repeats has one entry for each axis of x", ({ x }, { repeats }) => repeats.length === x.type.shape.length]],
  infer: ({ x }, { repeats }) => ({
    dtype: x.type.dtype,
    shape: x.type.shape.map((size, axis) => multiplyDimensions(size, repeats[axis])),
  }),
  transposed: (_, { repeats }, permutation) => ({
    attributes: { repeats: permute(repeats, permutation) },
    inputs: [permutation],
    outputs: [permutation],
  }),
  evaluate({ x }, { repeats }) {
    const lists = x.shape.map((size, axis) =>
      Int32Array.from({ length: size * repeats[axis] }, (_, index) => index % size),
    );
    return pick(x, lists);
  },
  samples: [
    {
      name: "along both axes",
      attributes: { repeats: [2, 2] },
      inputs: [f32([[1, 2]])],
      outputs: [
        f32([
          [1, 2, 1, 2],
          [1, 2, 1, 2],
        ]),
      ],
    },
    { name: "a vector", attributes: { repeats: [3] }, inputs: [i32([4, 5])], outputs: [i32([4, 5, 4, 5, 4, 5])] },
  ],
});
