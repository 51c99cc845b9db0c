import { elementCount, reshapeTensor } from "@millrace/ir";
import { dimensions } from "./attributes.ts";
import { defineOp, one } from "./define.ts";
import { f32, i64 } from "./literal.ts";
import { reshapePermuted } from "./reshape-groups.ts";

/** The same elements in row-major order under another shape. */
export const reshape = defineOp({
  name: "reshape",
  inputs: { x: one() },
  attributes: { shape: dimensions },
  quantization: { kind: "same", inputs: ["x"] },
  check: [
    [
      "the new shape has as many elements as x",
      ({ x }, { shape }) => {
        const [before, after] = [elementCount(x.type.shape), elementCount(shape)];
        return typeof before !== typeof after || typeof before === "string" || before === after;
      },
    ],
  ],
  infer: ({ x }, { shape }) => ({ dtype: x.type.dtype, shape }),
  transposed({ x }, { shape }, permutation) {
    const moved = reshapePermuted(x.type.shape, shape, permutation);
    return moved && { attributes: { shape: moved.shape }, inputs: [permutation], outputs: [moved.permutation] };
  },
  evaluate: ({ x }, _, [output]) => reshapeTensor(x, output.shape as readonly number[]),
  samples: [
    {
      name: "flattened",
      attributes: { shape: [4] },
      inputs: [
        f32([
          [1, 2],
          [3, 4],
        ]),
      ],
      outputs: [f32([1, 2, 3, 4])],
    },
    {
      name: "taken apart",
      attributes: { shape: [2, 2, 1] },
      inputs: [i64([[5, 6, 7, 8]])],
      outputs: [
        i64([
          [[5], [6]],
          [[7], [8]],
        ]),
      ],
    },
    {
      name: "a new last axis",
      attributes: { shape: [3, 2, 1] },
      inputs: [
        f32([
          [1, 2],
          [3, 4],
          [5, 6],
        ]),
      ],
      outputs: [
        f32([
          [[1], [2]],
          [[3], [4]],
          [[5], [6]],
        ]),
      ],
    },
  ],
});
