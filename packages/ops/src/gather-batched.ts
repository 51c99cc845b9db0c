import { elementCount, mayEqual, reshapeTensor, type Shape, stridesOf, zeros } from "@millrace/ir";
import { integer } from "./attributes.ts";
import { defineOp, one } from "./define.ts";
import { wrappedIndices } from "./gather.ts";
import { f32, i32 } from "./literal.ts";
import { within } from "./sizes.ts";

function sharesBatch(data: Shape, indices: Shape, count: number): boolean {
  return count <= indices.length && data.slice(0, count).every((size, axis) => mayEqual(size, indices[axis]));
}

/**
 * Slices of data along one axis, with indices of their own for each batch, which the first `batchAxes` axes of both number:
 * out = data[..axis] ++ indices[batchAxes..] ++ data[axis+1..]. Negative indices count from the end.
 */
export const gatherBatched = defineOp({
  name: "gatherBatched",
  inputs: { data: one(), indices: one("i32", "i64") },
  attributes: { axis: integer, batchAxes: integer },
  quantization: { kind: "same", inputs: ["data"] },
  check: [
    ["axis is within the rank of data", ({ data }, { axis }) => within(axis, data.type.shape)],
    ["axis comes after the batch axes", (_, { axis, batchAxes }) => batchAxes >= 0 && batchAxes <= axis],
    [
      "data and indices agree in the sizes of the batch axes",
      ({ data, indices }, { batchAxes }) => sharesBatch(data.type.shape, indices.type.shape, batchAxes),
    ],
  ],
  infer: ({ data, indices }, { axis, batchAxes }) => ({
    dtype: data.type.dtype,
    shape: data.type.shape.toSpliced(axis, 1, ...indices.type.shape.slice(batchAxes)),
  }),
  evaluate({ data, indices }, { axis, batchAxes }, [output]) {
    const [batch, outer] = [data.shape.slice(0, batchAxes), data.shape.slice(batchAxes, axis)].map((sizes) =>
      elementCount(sizes),
    );
    const [size, inner] = [data.shape[axis], elementCount(data.shape.slice(axis + 1))];
    const count = elementCount(indices.shape.slice(batchAxes));
    const picked = wrappedIndices(indices, size);
    const result = zeros(data.dtype, [batch, outer, count, inner]);
    const strides = stridesOf(result.shape);
    const [source, target] = [data.data as Float64Array, result.data as Float64Array];
    for (let b = 0; b < batch; b++) {
      for (let o = 0; o < outer; o++) {
        for (let at = 0; at < count; at++) {
          const from = ((b * outer + o) * size + picked[b * count + at]) * inner;
          target.set(source.subarray(from, from + inner), b * strides[0] + o * strides[1] + at * inner);
        }
      }
    }
    return reshapeTensor(result, output.shape as readonly number[]);
  },
  samples: [
    {
      name: "a column for each row",
      attributes: { axis: 1, batchAxes: 1 },
      inputs: [
        f32([
          [1, 2, 3],
          [4, 5, 6],
        ]),
        i32([
          [2, 0],
          [1, -1],
        ]),
      ],
      outputs: [
        f32([
          [3, 1],
          [5, 6],
        ]),
      ],
    },
    {
      name: "an axis between",
      attributes: { axis: 2, batchAxes: 1 },
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
        i32([[1], [0]]),
      ],
      outputs: [
        f32([
          [[2], [4]],
          [[5], [7]],
        ]),
      ],
    },
  ],
});
