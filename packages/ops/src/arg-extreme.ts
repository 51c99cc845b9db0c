import { elementCount, fromNumbers, numbersOf, type OperatorSample } from "@millrace/ir";
import { flag, integer, oneOf } from "./attributes.ts";
import { defineOp, one } from "./define.ts";
import { f32, i32, i64 } from "./literal.ts";
import { reducedShape, remainingPermutation } from "./reduce.ts";
import { within } from "./sizes.ts";
import { movedAxis } from "./transposing.ts";

function argExtreme(name: string, exceeds: (a: number, b: number) => boolean, samples: readonly OperatorSample[]) {
  return defineOp({
    name,
    inputs: { x: one("f32", "f64", "f16", "bf16", "i8", "u8", "i16", "i32", "i64", "u16", "u32", "u64", "bool") },
    attributes: { axis: integer, keepDims: flag, to: oneOf("i32", "i64") },
    quantization: { kind: "index", bytes: true },
    check: [
      ["axis is within the rank of x", ({ x }, { axis }) => within(axis, x.type.shape)],
      ["axis has at least one element", ({ x }, { axis }) => x.type.shape[axis] !== 0],
    ],
    infer: ({ x }, { axis, keepDims, to }) => ({ dtype: to, shape: reducedShape(x.type.shape, [axis], keepDims) }),
    transposed: (_, { axis, ...rest }, permutation) => ({
      attributes: { axis: movedAxis(axis, permutation), ...rest },
      inputs: [permutation],
      outputs: [rest.keepDims ? permutation : remainingPermutation(permutation, [axis])],
    }),
    evaluate({ x }, { axis }, [output]) {
      const source = numbersOf(x);
      const shape = output.shape as readonly number[];
      const size = x.shape[axis];
      const step = elementCount(x.shape.slice(axis + 1));
      const result = new Float64Array(elementCount(shape));
      for (let at = 0; at < result.length; at++) {
        const first = Math.floor(at / step) * size * step + (at % step);
        let best = 0;
        for (let index = 1; index < size; index++) {
          if (exceeds(source[first + index * step], source[first + best * step])) best = index;
        }
        result[at] = best;
      }
      return fromNumbers(output.dtype, shape, result);
    },
    samples,
  });
}

/** Index of the greatest element along one axis; the first of equals. */
export const argMax = argExtreme("argMax", (a, b) => a > b, [
  {
    name: "first of equals in each row",
    attributes: { axis: 1, keepDims: false, to: "i64" },
    inputs: [
      f32([
        [1, 3, 3],
        [9, 8, 7],
      ]),
    ],
    outputs: [i64([1, 0])],
  },
  {
    name: "along the first axis, kept",
    attributes: { axis: 0, keepDims: true, to: "i32" },
    inputs: [
      i32([
        [1, 5],
        [2, 4],
      ]),
    ],
    outputs: [i32([[1, 0]])],
  },
]);

/** Index of the least element along one axis; the first of equals. */
export const argMin = argExtreme("argMin", (a, b) => a < b, [
  {
    name: "first of equals in each row",
    attributes: { axis: 1, keepDims: false, to: "i64" },
    inputs: [
      f32([
        [3, 1, 1],
        [7, 8, 9],
      ]),
    ],
    outputs: [i64([1, 0])],
  },
  {
    name: "along the middle axis",
    attributes: { axis: 1, keepDims: false, to: "i32" },
    inputs: [
      f32([
        [
          [1, 5],
          [0, 6],
        ],
      ]),
    ],
    outputs: [i32([[1, 0]])],
  },
]);
