import { fromNumbers, numbersOf, type OperatorSample, type QuantizationRule } from "@millrace/ir";
import { flag, real } from "./attributes.ts";
import { defineOp, one } from "./define.ts";
import { f32 } from "./literal.ts";
import { free, freeBytes } from "./rules.ts";
import { slicedAlike } from "./slicing.ts";
import { errorFunction } from "./special.ts";
import { alongside } from "./transposing.ts";
import { floatTypes, mapNumbers, signedTypes } from "./unary.ts";
import { whateverAxes } from "./widening.ts";

/** Element-wise functions with one number that shapes them. */
function shaped(
  name: string,
  apply: (x: number, alpha: number) => number,
  quantization: QuantizationRule,
  sample: OperatorSample,
) {
  return defineOp({
    name,
    inputs: { x: one(...floatTypes) },
    attributes: { alpha: real },
    quantization,
    infer: ({ x }) => ({ dtype: x.type.dtype, shape: x.type.shape }),
    transposed: (_, attributes, permutation) => alongside(1, attributes, permutation),
    widened: whateverAxes,
    sliced: ({ x }, attributes, range) => slicedAlike([x], attributes, range),
    evaluate: ({ x }, { alpha }) =>
      fromNumbers(
        x.dtype,
        x.shape,
        mapNumbers(numbersOf(x), (item) => apply(item, alpha)),
      ),
    samples: [sample],
  });
}

/** x where it is positive, else alpha · x. */
export const leakyRelu = shaped("leakyRelu", (x, alpha) => (x >= 0 ? x : x * alpha), free, {
  name: "a quarter",
  attributes: { alpha: 0.25 },
  inputs: [f32([[-4, 0, 3]])],
  outputs: [f32([[-1, 0, 3]])],
});

/** x where it is positive, else alpha · (exp(x) - 1). */
export const elu = shaped("elu", (x, alpha) => (x >= 0 ? x : alpha * Math.expm1(x)), freeBytes, {
  name: "down to -2",
  attributes: { alpha: 2 },
  inputs: [f32([[-Math.LN2, 0, 3]])],
  outputs: [f32([[-1, 0, 3]])],
});

/** x · Φ(x), or its tanh approximation. */
export const gelu = defineOp({
  name: "gelu",
  inputs: { x: one(...floatTypes) },
  attributes: { approximate: flag },
  quantization: freeBytes,
  infer: ({ x }) => ({ dtype: x.type.dtype, shape: x.type.shape }),
  transposed: (_, attributes, permutation) => alongside(1, attributes, permutation),
  widened: whateverAxes,
  sliced: ({ x }, attributes, range) => slicedAlike([x], attributes, range),
  evaluate({ x }, { approximate }) {
    const exact = (item: number) => 0.5 * item * (1 + errorFunction(item * Math.SQRT1_2));
    const quick = (item: number) =>
      0.5 * item * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (item + 0.044715 * item ** 3)));
    return fromNumbers(x.dtype, x.shape, mapNumbers(numbersOf(x), approximate ? quick : exact));
  },
  samples: [
    {
      name: "exact",
      attributes: { approximate: false },
      inputs: [f32([[0, 1, -1]])],
      outputs: [f32([[0, 0.8413447, -0.1586553]])],
    },
    {
      name: "by tanh",
      attributes: { approximate: true },
      inputs: [f32([[0, 1, -1]])],
      outputs: [f32([[0, 0.841192, -0.158808]])],
    },
  ],
});

/** min(maximum, max(minimum, x)); a bound may be infinite. ReLU is [0, ∞], ReLU6 is [0, 6]. */
export const clamp = defineOp({
  name: "clamp",
  inputs: { x: one(...signedTypes, "u8") },
  attributes: { minimum: real, maximum: real },
  quantization: free,
  check: [["minimum does not exceed maximum", (_, { minimum, maximum }) => minimum <= maximum]],
  infer: ({ x }) => ({ dtype: x.type.dtype, shape: x.type.shape }),
  transposed: (_, attributes, permutation) => alongside(1, attributes, permutation),
  widened: whateverAxes,
  sliced: ({ x }, attributes, range) => slicedAlike([x], attributes, range),
  evaluate: ({ x }, { minimum, maximum }) =>
    fromNumbers(
      x.dtype,
      x.shape,
      mapNumbers(numbersOf(x), (item) => Math.min(maximum, Math.max(minimum, item))),
    ),
  samples: [
    {
      name: "ReLU6",
      attributes: { minimum: 0, maximum: 6 },
      inputs: [f32([[-1, 3, 7]])],
      outputs: [f32([[0, 3, 6]])],
    },
    {
      name: "ReLU",
      attributes: { minimum: 0, maximum: Number.POSITIVE_INFINITY },
      inputs: [f32([[-1, 3, 7]])],
      outputs: [f32([[0, 3, 7]])],
    },
  ],
});
