import { permute, stridesOf, type Tensor, zeros } from "@millrace/ir";
import { integers } from "./attributes.ts";
import { defineOp, one } from "./define.ts";
import { f32, i64 } from "./literal.ts";

/** Reorders axes: out.shape[i] = x.shape[permutation[i]]. */
export const transpose = defineOp({
  name: "transpose",
  inputs: { x: one() },
  attributes: { permutation: integers },
  quantization: { kind: "same", inputs: ["x"] },
  check: [
    [
      "permutation holds every axis of x once",
      ({ x }, { permutation }) =>
        permutation.length === x.type.shape.length && permutation.every((_, axis) => permutation.includes(axis)),
    ],
  ],
  infer: ({ x }, { permutation }) => ({ dtype: x.type.dtype, shape: permute(x.type.shape, permutation) }),
  evaluate: ({ x }, { permutation }) => transposeTensor(x, permutation),
  samples: [
    {
      name: "rows and columns",
      attributes: { permutation: [1, 0] },
      inputs: [
        f32([
          [1, 2, 3],
          [4, 5, 6],
        ]),
      ],
      outputs: [
        f32([
          [1, 4],
          [2, 5],
          [3, 6],
        ]),
      ],
    },
    {
      name: "channels last",
      attributes: { permutation: [0, 2, 3, 1] },
      inputs: [i64([[[[1, 2]], [[3, 4]]]])],
      outputs: [
        i64([
          [
            [
              [1, 3],
              [2, 4],
            ],
          ],
        ]),
      ],
    },
  ],
});

/** A copy of the tensor with its axes reordered. */
export function transposeTensor(tensor: Tensor, permutation: readonly number[]): Tensor {
  const result = zeros(tensor.dtype, permute(tensor.shape, permutation));
  const steps = permute(stridesOf(tensor.shape), permutation);
  const rank = steps.length;
  const inner = rank === 0 ? 1 : result.shape[rank - 1];
  const step = rank === 0 ? 1 : steps[rank - 1];
  const position = new Int32Array(rank);
  const source = tensor.data as Float64Array;
  const target = result.data as Float64Array;
  let from = 0;
  for (let at = 0; at < target.length; ) {
    for (let index = 0, read = from; index < inner; index++, read += step) target[at++] = source[read];
    for (let axis = rank - 2; axis >= 0; axis--) {
      from += steps[axis];
      if (++position[axis] < result.shape[axis]) break;
      from -= steps[axis] * result.shape[axis];
      position[axis] = 0;
    }
  }
  return result;
}
