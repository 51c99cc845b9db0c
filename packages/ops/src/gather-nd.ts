import {
  type Dimension,
  elementCount,
  fail,
  numbersOf,
  reshapeTensor,
  type Shape,
  stridesOf,
  type Tensor,
} from "@millrace/ir";
import { defineOp, one } from "./define.ts";
import { f32, i32, i64 } from "./literal.ts";
import { everyIndex, pick } from "./pick.ts";

/** How many leading axes of data one row of indices names; undefined where that is open or more than there are. */
function depthOf(data: Shape, indices: Shape): number | undefined {
  const depth: Dimension | undefined = indices.at(-1);
  return typeof depth === "number" && depth <= data.length ? depth : undefined;
}

/** Slices of data named by the rows of indices: out[i, …] = data[indices[i, 0], …, indices[i, k - 1], …]. Negative indices count from the end. */
export const gatherNd = defineOp({
  name: "gatherNd",
  inputs: { data: one(), indices: one("i32", "i64") },
  attributes: {},
  quantization: { kind: "same", inputs: ["data"] },
  check: [
    [
      "the last size of indices is at most the number of axes of data",
      ({ data, indices }) => depthOf(data.type.shape, indices.type.shape) !== undefined,
    ],
  ],
  infer: ({ data, indices }) => ({
    dtype: data.type.dtype,
    shape: [...indices.type.shape.slice(0, -1), ...data.type.shape.slice(depthOf(data.type.shape, indices.type.shape))],
  }),
  transposed({ data, indices }, attributes, permutation) {
    const depth = depthOf(data.type.shape, indices.type.shape)!;
    if (permutation.some((from, axis) => axis < depth && from !== axis)) return undefined;
    const lead = indices.type.shape.length - 1;
    const moved = [...new Array(lead).keys(), ...permutation.slice(depth).map((axis) => axis - depth + lead)];
    return { attributes, inputs: [permutation, undefined], outputs: [moved] };
  },
  evaluate({ data, indices }, _, [output]) {
    const depth = indices.shape[indices.shape.length - 1];
    const [outer, inner] = [data.shape.slice(0, depth), elementCount(data.shape.slice(depth))];
    const slices = reshapeTensor(data, [elementCount(outer), inner]);
    return reshapeTensor(pick(slices, [rowsOf(indices, outer), everyIndex(inner)]), output.shape as readonly number[]);
  },
  samples: [
    {
      name: "elements",
      attributes: {},
      inputs: [
        f32([
          [1, 2],
          [3, 4],
        ]),
        i32([
          [0, 0],
          [1, -1],
        ]),
      ],
      outputs: [f32([1, 4])],
    },
    {
      name: "a slice of a cube",
      attributes: {},
      inputs: [
        f32([
          [
            [1, 2],
            [3, 4],
          ],
          [
            [5, 6],
            [7, 8],
          ],
        ]),
        i64([[1]]),
      ],
      outputs: [
        f32([
          [
            [5, 6],
            [7, 8],
          ],
        ]),
      ],
    },
  ],
});

/** For each row of indices the number of the slice it names. */
function rowsOf(indices: Tensor, sizes: readonly number[]): Float64Array {
  const numbers = numbersOf(indices);
  const strides = stridesOf(sizes);
  const rows = new Float64Array(elementCount(indices.shape.slice(0, -1)));
  for (let row = 0; row < rows.length; row++) {
    for (const [axis, size] of sizes.entries()) {
      const stored = numbers[row * sizes.length + axis];
      const index = stored < 0 ? stored + size : stored;
      if (index < 0 || index >= size) {
        fail("ops.index-out-of-range", `gatherNd reads index ${stored} of an axis of size ${size}.`, {
          hint: "Check the model's index inputs or constants.",
        });
      }
      rows[row] += index * strides[axis];
    }
  }
  return rows;
}
