import { type Dimension, permute } from "@millrace/ir";
import { dimensions, integers } from "./attributes.ts";
import { defineOp, one } from "./define.ts";
import { f32, i64 } from "./literal.ts";
import { pick } from "./pick.ts";
import { staticSizes } from "./sizes.ts";
import { longer } from "./widening.ts";

/** Whether start, start + step, … stay inside an axis; unknown sizes are taken on trust. */
function inside(size: Dimension, start: Dimension, count: Dimension, step: number): boolean {
  if (typeof count === "number" && count < 0) return false;
  if (typeof size === "string" || typeof start === "string" || typeof count === "string" || count === 0) return true;
  const last = start + (count - 1) * step;
  return Math.min(start, last) >= 0 && Math.max(start, last) < size;
}

/** A regular part of x: out[i, …] = x[starts[0] + i * steps[0], …] for i < sizes[0]; one entry for each axis, steps may be negative. */
export const slice = defineOp({
  name: "slice",
  inputs: { x: one() },
  attributes: { starts: dimensions, sizes: dimensions, steps: integers },
  quantization: { kind: "same", inputs: ["x"] },
  check: [
    [
      "starts, sizes and steps have one entry for each axis of x",
      ({ x }, { starts, sizes, steps }) => [starts, sizes, steps].every((list) => list.length === x.type.shape.length),
    ],
    ["no step is 0", (_, { steps }) => steps.every((step) => step !== 0)],
    [
      "only elements of x are read",
      ({ x }, { starts, sizes, steps }) =>
        x.type.shape.every((size, axis) => inside(size, starts[axis], sizes[axis], steps[axis])),
    ],
  ],
  infer: ({ x }, { sizes }) => ({ dtype: x.type.dtype, shape: sizes }),
  transposed: (_, { starts, sizes, steps }, permutation) => ({
    attributes: {
      starts: permute(starts, permutation),
      sizes: permute(sizes, permutation),
      steps: permute(steps, permutation),
    },
    inputs: [permutation],
    outputs: [permutation],
  }),
  widened: ({ starts, sizes, steps }, axis) => ({
    starts: longer(starts, axis, 0),
    sizes: longer(sizes, axis, 1),
    steps: longer(steps, axis, 1),
  }),
  evaluate({ x }, { starts, steps }, [output]) {
    const lists = staticSizes(starts).map((start, axis) =>
      Int32Array.from({ length: output.shape[axis] as number }, (_, index) => start + index * steps[axis]),
    );
    return pick(x, lists);
  },
  samples: [
    {
      name: "a corner",
      attributes: { starts: [1, 0], sizes: [1, 2], steps: [1, 1] },
      inputs: [
        f32([
          [1, 2, 3],
          [4, 5, 6],
        ]),
      ],
      outputs: [f32([[4, 5]])],
    },
    {
      name: "every second, backwards",
      attributes: { starts: [4], sizes: [3], steps: [-2] },
      inputs: [i64([10, 11, 12, 13, 14])],
      outputs: [i64([14, 12, 10])],
    },
    {
      name: "nothing",
      attributes: { starts: [2], sizes: [0], steps: [1] },
      inputs: [f32([1, 2])],
      outputs: [f32([])],
    },
  ],
});
