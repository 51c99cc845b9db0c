import { elementCount, fromNumbers, numbersOf } from "@millrace/ir";
import { flag, integer } from "./attributes.ts";
import { defineOp, one } from "./define.ts";
import { f32, i32 } from "./literal.ts";
import { float } from "./rules.ts";
import { within } from "./sizes.ts";
import { movedAxis } from "./transposing.ts";

/** Running sums along one axis: y[i] = Σ x[j] for j ≤ i; without x[i] itself if exclusive, from the end if reverse. */
export const cumulativeSum = defineOp({
  name: "cumulativeSum",
  inputs: { x: one("f32", "i32", "i64", "u32", "u64") },
  attributes: { axis: integer, exclusive: flag, reverse: flag },
  quantization: float("no runtime sums integers along an axis step by step"),
  check: [["axis is within the rank of x", ({ x }, { axis }) => within(axis, x.type.shape)]],
  infer: ({ x }) => ({ dtype: x.type.dtype, shape: x.type.shape }),
  transposed: (_, { axis, exclusive, reverse }, permutation) => ({
    attributes: { axis: movedAxis(axis, permutation), exclusive, reverse },
    inputs: [permutation],
    outputs: [permutation],
  }),
  evaluate({ x }, { axis, exclusive, reverse }) {
    const source = numbersOf(x);
    const [size, step] = [x.shape[axis], elementCount(x.shape.slice(axis + 1))];
    const result = new Float64Array(source.length);
    const round = x.dtype === "f32" ? Math.fround : (sum: number) => sum;
    for (let line = 0; line < source.length / size; line++) {
      const first = Math.floor(line / step) * size * step + (line % step);
      let sum = 0;
      for (let index = 0; index < size; index++) {
        const at = first + (reverse ? size - 1 - index : index) * step;
        if (exclusive) result[at] = sum;
        sum = round(sum + source[at]);
        if (!exclusive) result[at] = sum;
      }
    }
    return fromNumbers(x.dtype, x.shape, result);
  },
  samples: [
    {
      name: "along rows",
      attributes: { axis: 1, exclusive: false, reverse: false },
      inputs: [
        f32([
          [1, 2, 3],
          [4, 5, 6],
        ]),
      ],
      outputs: [
        f32([
          [1, 3, 6],
          [4, 9, 15],
        ]),
      ],
    },
    {
      name: "exclusive, from the end",
      attributes: { axis: 0, exclusive: true, reverse: true },
      inputs: [i32([1, 2, 3])],
      outputs: [i32([5, 3, 0])],
    },
  ],
});
