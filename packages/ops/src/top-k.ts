import { elementCount, fromNumbers, numbersOf } from "@millrace/ir";
import { integer, positiveInteger } from "./attributes.ts";
import { defineOp, one } from "./define.ts";
import { f32, i32 } from "./literal.ts";
import { within } from "./sizes.ts";
import { movedAxis } from "./transposing.ts";

/** The k greatest elements along one axis, greatest first, and their int32 indices; of equals the first. */
export const topK = defineOp({
  name: "topK",
  inputs: { x: one("f32", "f64", "f16", "bf16", "i8", "u8", "i16", "i32", "i64", "u16", "u32", "u64") },
  attributes: { k: positiveInteger, axis: integer },
  quantization: { kind: "same", inputs: ["x"] },
  check: [
    ["axis is within the rank of x", ({ x }, { axis }) => within(axis, x.type.shape)],
    [
      "k is at most the size of the axis",
      ({ x }, { k, axis }) => typeof x.type.shape[axis] !== "number" || k <= x.type.shape[axis],
    ],
  ],
  infer: ({ x }, { k, axis }) => {
    const shape = x.type.shape.with(axis, k);
    return [
      { dtype: x.type.dtype, shape },
      { dtype: "i32", shape },
    ];
  },
  transposed: (_, { k, axis }, permutation) => ({
    attributes: { k, axis: movedAxis(axis, permutation) },
    inputs: [permutation],
    outputs: [permutation, permutation],
  }),
  evaluate({ x }, { k, axis }, [values, indices]) {
    const source = numbersOf(x);
    const [size, step] = [x.shape[axis], elementCount(x.shape.slice(axis + 1))];
    const shape = values.shape as readonly number[];
    const greatest = new Float64Array(elementCount(shape));
    const places = new Float64Array(greatest.length);
    for (let line = 0; line < greatest.length / k; line++) {
      const [outer, inner] = [Math.floor(line / step), line % step];
      const first = outer * size * step + inner;
      const order = Array.from({ length: size }, (_, index) => index);
      order.sort((a, b) => source[first + b * step] - source[first + a * step] || a - b);
      for (let rank = 0; rank < k; rank++) {
        const at = (outer * k + rank) * step + inner;
        greatest[at] = source[first + order[rank] * step];
        places[at] = order[rank];
      }
    }
    return [fromNumbers(values.dtype, shape, greatest), fromNumbers(indices.dtype, shape, places)];
  },
  samples: [
    {
      name: "two of each row",
      attributes: { k: 2, axis: 1 },
      inputs: [
        f32([
          [1, 3, 2],
          [5, 5, 7],
        ]),
      ],
      outputs: [
        f32([
          [3, 2],
          [7, 5],
        ]),
        i32([
          [1, 2],
          [2, 0],
        ]),
      ],
    },
    {
      name: "one of each column",
      attributes: { k: 1, axis: 0 },
      inputs: [
        f32([
          [1, 9],
          [4, 2],
        ]),
      ],
      outputs: [f32([[4, 9]]), i32([[1, 0]])],
    },
  ],
});
