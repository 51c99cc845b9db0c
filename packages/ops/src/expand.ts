import { mayEqual, permute, reshapeTensor, type Shape } from "@millrace/ir";
import { dimensions } from "./attributes.ts";
import { defineOp, one } from "./define.ts";
import { f32, i64 } from "./literal.ts";
import { everyIndex, pick } from "./pick.ts";

function stretches(from: Shape, to: Shape): boolean {
  const lead = to.length - from.length;
  return lead >= 0 && from.every((size, axis) => size === 1 || mayEqual(size, to[lead + axis]));
}

/** Repeats x along axes of size 1, and along new leading axes, to fill `shape`. */
export const expand = defineOp({
  name: "expand",
  inputs: { x: one() },
  attributes: { shape: dimensions },
  quantization: { kind: "same", inputs: ["x"] },
  check: [
    ["sizes are at least 0", (_, { shape }) => shape.every((size) => typeof size === "string" || size >= 0)],
    ["x broadcasts to shape", ({ x }, { shape }) => stretches(x.type.shape, shape)],
  ],
  infer: ({ x }, { shape }) => ({ dtype: x.type.dtype, shape }),
  transposed(_, { shape }, permutation) {
    const lead = shape.length - permutation.length;
    const moved = shape.map((_, axis) => (axis < lead ? axis : permutation[axis - lead] + lead));
    return { attributes: { shape: permute(shape, moved) }, inputs: [permutation], outputs: [moved] };
  },
  evaluate({ x }, _, [output]) {
    const shape = output.shape as readonly number[];
    const own = [...new Array<number>(shape.length - x.shape.length).fill(1), ...x.shape];
    const lists = shape.map((size, axis) => (own[axis] === 1 ? new Int32Array(size) : everyIndex(size)));
    return pick(reshapeTensor(x, own), lists);
  },
  samples: [
    {
      name: "a column",
      attributes: { shape: [2, 3] },
      inputs: [f32([[1], [2]])],
      outputs: [
        f32([
          [1, 1, 1],
          [2, 2, 2],
        ]),
      ],
    },
    {
      name: "a new axis",
      attributes: { shape: [2, 2] },
      inputs: [i64([5, 6])],
      outputs: [
        i64([
          [5, 6],
          [5, 6],
        ]),
      ],
    },
  ],
});
