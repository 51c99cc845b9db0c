import { fromNumbers, mayEqual, tensorOf } from "@millrace/ir";
import { dimensions, oneOf } from "./attributes.ts";
import { defineOp, one } from "./define.ts";
import { f32, i32 } from "./literal.ts";
import { float } from "./rules.ts";
import { requireStated } from "./sizes.ts";

/**
 * The different elements of a vector in the order in which each is first met, and for every element which of them it is. `shape` is that of the first
 * result: how many there are, which is a symbol of the node's own where only the data decides it.
 */
export const unique = defineOp({
  name: "unique",
  inputs: { x: one("f32", "i8", "i16", "i32", "i64", "u8") },
  attributes: { shape: dimensions, to: oneOf("i32", "i64") },
  quantization: float("which elements differ is asked of reals"),
  check: [
    ["x is a vector", ({ x }) => x.type.shape.length === 1],
    [
      "the first result is a vector that is no longer than x",
      ({ x }, { shape }) => {
        const [size] = x.type.shape;
        return shape.length === 1 && (mayEqual(shape[0], size) || shape[0] < size);
      },
    ],
  ],
  infer: ({ x }, { shape, to }) => [
    { dtype: x.type.dtype, shape },
    { dtype: to, shape: x.type.shape },
  ],
  largest: ({ x }) => [x.type.shape, x.type.shape],
  evaluate({ x }, { shape, to }) {
    const places = new Map<number | bigint, number>();
    const kinds = Array.from(x.data, (element: number | bigint) => {
      const place = places.get(element) ?? places.size;
      places.set(element, place);
      return place;
    });
    requireStated("unique", [places.size], shape);
    const firsts = [...places.keys()];
    const data =
      x.data instanceof BigInt64Array
        ? tensorOf(x.dtype, [firsts.length], BigInt64Array.from(firsts as bigint[]))
        : fromNumbers(x.dtype, [firsts.length], firsts as number[]);
    return [data, fromNumbers(to, x.shape, kinds)];
  },
  samples: [
    {
      name: "three of five",
      attributes: { shape: [3], to: "i32" },
      inputs: [f32([2, 1, 2, 3, 1])],
      outputs: [f32([2, 1, 3]), i32([0, 1, 0, 2, 1])],
    },
    {
      name: "as many as there are",
      attributes: { shape: ["count"], to: "i32" },
      inputs: [i32([7, 7])],
      outputs: [i32([7]), i32([0, 0])],
    },
  ],
});
