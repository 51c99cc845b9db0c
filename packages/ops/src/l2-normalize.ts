import { elementCount, fromNumbers, numbersOf } from "@millrace/ir";
import { integer } from "./attributes.ts";
import { defineOp, one } from "./define.ts";
import { f32 } from "./literal.ts";
import { fixedBytes } from "./rules.ts";
import { within } from "./sizes.ts";
import { slicedAcross } from "./slicing.ts";
import { movedAxis } from "./transposing.ts";

/** Lengths below this count as this much, as in TFLite. */
const shortest = 1e-6;

/** x / √Σ x² along one axis; zeros stay zeros. */
export const l2Normalize = defineOp({
  name: "l2Normalize",
  inputs: { x: one("f32") },
  attributes: { axis: integer },
  quantization: fixedBytes(1 / 128, 0),
  check: [["axis is within the rank of x", ({ x }, { axis }) => within(axis, x.type.shape)]],
  infer: ({ x }) => ({ dtype: x.type.dtype, shape: x.type.shape }),
  transposed: (_, { axis }, permutation) => ({
    attributes: { axis: movedAxis(axis, permutation) },
    inputs: [permutation],
    outputs: [permutation],
  }),
  sliced: ({ x }, attributes, range) => slicedAcross([x], attributes, range),
  evaluate({ x }, { axis }) {
    const source = numbersOf(x);
    const [size, step] = [x.shape[axis], elementCount(x.shape.slice(axis + 1))];
    const result = new Float64Array(source.length);
    for (let line = 0; line < source.length / size; line++) {
      const first = Math.floor(line / step) * size * step + (line % step);
      const end = first + size * step;
      let squares = 0;
      for (let at = first; at < end; at += step) squares += source[at] ** 2;
      const length = Math.max(shortest, Math.sqrt(squares));
      for (let at = first; at < end; at += step) result[at] = source[at] / length;
    }
    return fromNumbers(x.dtype, x.shape, result);
  },
  samples: [
    {
      name: "rows",
      attributes: { axis: 1 },
      inputs: [
        f32([
          [3, -4],
          [0, 2],
        ]),
      ],
      outputs: [
        f32([
          [0.6, -0.8],
          [0, 1],
        ]),
      ],
    },
    {
      name: "vectors of a cube",
      attributes: { axis: 2 },
      inputs: [f32([[[1, 2, 2]], [[6, 0, 8]]])],
      outputs: [f32([[[1 / 3, 2 / 3, 2 / 3]], [[0.6, 0, 0.8]]])],
    },
  ],
});
