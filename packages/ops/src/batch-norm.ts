import { elementCount, fromNumbers, mayMatch, numbersOf } from "@millrace/ir";
import { integer, real } from "./attributes.ts";
import { defineOp, one } from "./define.ts";
import { f32 } from "./literal.ts";
import { knownCount, within } from "./sizes.ts";
import { movedAxis } from "./transposing.ts";

/** (x - mean) / √(variance + epsilon) · scale + bias with one number of each for every index of `axis`. */
export const batchNorm = defineOp({
  name: "batchNorm",
  inputs: { x: one("f32"), scale: one("f32"), bias: one("f32"), mean: one("f32"), variance: one("f32") },
  attributes: { epsilon: real, axis: integer },
  quantization: { kind: "float", why: "it is folded into its neighbours, and TFLite has no operator for it" },
  check: [
    ["axis is within the rank of x", ({ x }, { axis }) => within(axis, x.type.shape)],
    [
      "scale, bias, mean and variance have one number for each index of axis",
      ({ x, scale, bias, mean, variance }, { axis }) =>
        [scale, bias, mean, variance].every(({ type }) => mayMatch(type.shape, [x.type.shape[axis]])),
    ],
    ["epsilon is not negative", (_, { epsilon }) => epsilon >= 0],
  ],
  infer: ({ x }) => ({ dtype: x.type.dtype, shape: x.type.shape }),
  macs: (_, output) => knownCount(output.type.shape),
  transposed: (_, { epsilon, axis }, permutation) => ({
    attributes: { epsilon, axis: movedAxis(axis, permutation) },
    inputs: [permutation, undefined, undefined, undefined, undefined],
    outputs: [permutation],
  }),
  evaluate({ x, scale, bias, mean, variance }, { epsilon, axis }) {
    const [source, gains, offsets] = [numbersOf(x), numbersOf(scale), numbersOf(bias)];
    const [means, variances] = [numbersOf(mean), numbersOf(variance)];
    const step = elementCount(x.shape.slice(axis + 1));
    const result = new Float64Array(source.length);
    for (let at = 0; at < source.length; at++) {
      const channel = Math.floor(at / step) % x.shape[axis];
      const normal = (source[at] - means[channel]) / Math.sqrt(variances[channel] + epsilon);
      result[at] = normal * gains[channel] + offsets[channel];
    }
    return fromNumbers(x.dtype, x.shape, result);
  },
  samples: [
    {
      name: "two channels",
      attributes: { epsilon: 1, axis: 1 },
      inputs: [
        f32([
          [
            [5, 1],
            [4, 0],
          ],
        ]),
        f32([1, 3]),
        f32([0, 10]),
        f32([1, 4]),
        f32([3, 8]),
      ],
      outputs: [
        f32([
          [
            [2, 0],
            [10, 6],
          ],
        ]),
      ],
    },
    {
      name: "last axis",
      attributes: { epsilon: 0, axis: 1 },
      inputs: [f32([[2, 3]]), f32([1, 1]), f32([0, 0]), f32([0, 3]), f32([4, 1])],
      outputs: [f32([[1, 0]])],
    },
  ],
});
