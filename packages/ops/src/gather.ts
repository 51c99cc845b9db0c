import { elementCount, fail, numbersOf, reshapeTensor, type Tensor } from "@millrace/ir";
import { integer } from "./attributes.ts";
import { defineOp, one } from "./define.ts";
import { f32, i32, i64 } from "./literal.ts";
import { everyIndex, pick } from "./pick.ts";
import { within } from "./sizes.ts";
import { movedAxis } from "./transposing.ts";

/** Slices of data along one axis: out = data[..axis] ++ indices ++ data[axis+1..]. Negative indices count from the end. */
export const gather = defineOp({
  name: "gather",
  inputs: { data: one(), indices: one("i32", "i64") },
  attributes: { axis: integer },
  quantization: { kind: "same", inputs: ["data"] },
  check: [["axis is within the rank of data", ({ data }, { axis }) => within(axis, data.type.shape)]],
  infer: ({ data, indices }, { axis }) => ({
    dtype: data.type.dtype,
    shape: data.type.shape.toSpliced(axis, 1, ...indices.type.shape),
  }),
  transposed({ indices }, { axis }, permutation) {
    const inserted = indices.type.shape.map((_, index) => axis + index);
    const moved = permutation.flatMap((from) => {
      if (from === axis) return inserted;
      return from < axis ? from : from + inserted.length - 1;
    });
    return {
      attributes: { axis: movedAxis(axis, permutation) },
      inputs: [permutation, undefined],
      outputs: [moved],
    };
  },
  evaluate({ data, indices }, { axis }, [output]) {
    const [outer, inner] = [elementCount(data.shape.slice(0, axis)), elementCount(data.shape.slice(axis + 1))];
    const rows = reshapeTensor(data, [outer, data.shape[axis], inner]);
    const picked = pick(rows, [everyIndex(outer), wrappedIndices(indices, data.shape[axis]), everyIndex(inner)]);
    return reshapeTensor(picked, output.shape as readonly number[]);
  },
  samples: [
    {
      name: "rows",
      attributes: { axis: 0 },
      inputs: [
        f32([
          [1, 2],
          [3, 4],
        ]),
        i64([1, 0, -1]),
      ],
      outputs: [
        f32([
          [3, 4],
          [1, 2],
          [3, 4],
        ]),
      ],
    },
    {
      name: "a table of columns",
      attributes: { axis: 1 },
      inputs: [
        f32([
          [1, 2, 3],
          [4, 5, 6],
        ]),
        i32([
          [0, 2],
          [1, 1],
        ]),
      ],
      outputs: [
        f32([
          [
            [1, 3],
            [2, 2],
          ],
          [
            [4, 6],
            [5, 5],
          ],
        ]),
      ],
    },
    {
      name: "one size of a shape",
      attributes: { axis: 0 },
      inputs: [i64([1, 3, 224, 224]), i64(2)],
      outputs: [i64(224)],
    },
  ],
});

/** Indices of an axis of `size` as numbers from 0; throws a diagnostic where one is outside. */
export function wrappedIndices(indices: Tensor, size: number): Float64Array {
  const numbers = numbersOf(indices);
  const wrapped = new Float64Array(numbers.length);
  for (let at = 0; at < numbers.length; at++) {
    const index = numbers[at] < 0 ? numbers[at] + size : numbers[at];
    if (index < 0 || index >= size) {
      fail("ops.index-out-of-range", `gather reads index ${numbers[at]} of an axis of size ${size}.`, {
        hint: "Check the model's index inputs or constants.",
      });
    }
    wrapped[at] = index;
  }
  return wrapped;
}
