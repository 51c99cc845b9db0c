import { elementCount, fail, fromNumbers, mayEqual, numbersOf, type Shape, stridesOf } from "@millrace/ir";
import { dimensions } from "./attributes.ts";
import { defineOp, one } from "./define.ts";
import { f32, i32 } from "./literal.ts";
import { float } from "./rules.ts";

function fits(indices: Shape, updates: Shape, shape: Shape): boolean {
  const depth = indices.at(-1);
  if (typeof depth !== "number" || depth > shape.length) return false;
  const expected = [...indices.slice(0, -1), ...shape.slice(depth)];
  return updates.length === expected.length && updates.every((size, axis) => mayEqual(size, expected[axis]));
}

/** Zeros of the given shape to which slices are added where the rows of indices say: out[indices[i, 0], …, indices[i, k - 1], …] += updates[i, …]. */
export const scatterNd = defineOp({
  name: "scatterNd",
  inputs: { indices: one("i32", "i64"), updates: one() },
  attributes: { shape: dimensions },
  quantization: float("it adds to zeros, which need not be zero points"),
  check: [
    [
      "updates has the axes of indices but the last, then those of shape that no index names",
      ({ indices, updates }, { shape }) => fits(indices.type.shape, updates.type.shape, shape),
    ],
  ],
  infer: ({ updates }, { shape }) => ({ dtype: updates.type.dtype, shape }),
  evaluate({ indices, updates }, _, [output]) {
    const shape = output.shape as readonly number[];
    const depth = indices.shape[indices.shape.length - 1];
    const [places, source] = [numbersOf(indices), numbersOf(updates)];
    const strides = stridesOf(shape);
    const size = elementCount(shape.slice(depth));
    const result = new Float64Array(elementCount(shape));
    for (let row = 0; row < source.length / size; row++) {
      let first = 0;
      for (let axis = 0; axis < depth; axis++) {
        const index = places[row * depth + axis];
        if (index < 0 || index >= shape[axis]) {
          fail("ops.index-out-of-range", `scatterNd writes to index ${index} of an axis of size ${shape[axis]}.`, {
            hint: "Check the model's index inputs or constants.",
          });
        }
        first += index * strides[axis];
      }
      for (let at = 0; at < size; at++) result[first + at] += source[row * size + at];
    }
    if (output.dtype === "bool") return fromNumbers("bool", shape, result.map(Math.sign));
    return fromNumbers(output.dtype, shape, result);
  },
  samples: [
    {
      name: "elements, two of them in one place",
      attributes: { shape: [4] },
      inputs: [i32([[1], [3], [1]]), f32([5, 6, 7])],
      outputs: [f32([0, 12, 0, 6])],
    },
    {
      name: "rows",
      attributes: { shape: [3, 2] },
      inputs: [
        i32([[2], [0]]),
        f32([
          [1, 2],
          [3, 4],
        ]),
      ],
      outputs: [
        f32([
          [3, 4],
          [0, 0],
          [1, 2],
        ]),
      ],
    },
  ],
});
