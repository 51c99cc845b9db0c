import { mayEqual, numbersOf, stridesOf, type TensorData } from "@millrace/ir";
import { defineOp, one } from "./define.ts";
import { f32, i32 } from "./literal.ts";

/** Data with the block from `starts` on replaced by update; a block that would reach beyond the data is moved inside. */
export const dynamicUpdateSlice = defineOp({
  name: "dynamicUpdateSlice",
  inputs: { data: one(), update: one(), starts: one("i32", "i64") },
  attributes: {},
  quantization: { kind: "same", inputs: ["data", "update"] },
  check: [
    ["data and update have one element type", ({ data, update }) => data.type.dtype === update.type.dtype],
    [
      "update has the axes of data and is nowhere larger",
      ({ data: { type }, update }) =>
        update.type.shape.length === type.shape.length &&
        update.type.shape.every((size, axis) => typeof size === "string" || !(size > Number(type.shape[axis]))),
    ],
    [
      "starts has one number for each axis",
      ({ data, starts: { type } }) => type.shape.length === 1 && mayEqual(type.shape[0], data.type.shape.length),
    ],
  ],
  infer: ({ data }) => ({ dtype: data.type.dtype, shape: data.type.shape }),
  evaluate({ data, update, starts }) {
    const result = data.data.slice() as TensorData;
    const [target, source] = [result as Float64Array, update.data as Float64Array];
    const rank = data.shape.length;
    const first = Array.from(numbersOf(starts), (start, axis) =>
      Math.min(Math.max(0, start), data.shape[axis] - update.shape[axis]),
    );
    const [strides, own] = [stridesOf(data.shape), stridesOf(update.shape)];
    const length = rank === 0 ? 1 : update.shape[rank - 1];
    for (let from = 0; from < source.length; from += length) {
      let to = 0;
      for (let axis = 0, rest = from; axis < rank; axis++) {
        to += (first[axis] + Math.floor(rest / own[axis])) * strides[axis];
        rest %= own[axis];
      }
      target.set(source.subarray(from, from + length), to);
    }
    return { dtype: data.dtype, shape: data.shape, data: result };
  },
  samples: [
    {
      name: "a block, moved inside",
      attributes: {},
      inputs: [
        f32([
          [1, 2, 3],
          [4, 5, 6],
        ]),
        f32([[7, 8]]),
        i32([1, 2]),
      ],
      outputs: [
        f32([
          [1, 2, 3],
          [4, 7, 8],
        ]),
      ],
    },
  ],
});
