import { elementCount, fromNumbers, numbersOf, type Tensor } from "@millrace/ir";
import { integer, real } from "./attributes.ts";
import { defineOp, one } from "./define.ts";
import { f32 } from "./literal.ts";
import { fixed, fixedBytes } from "./rules.ts";
import { within } from "./sizes.ts";
import { slicedAcross } from "./slicing.ts";
import { movedAxis } from "./transposing.ts";
import { shiftedAxis } from "./widening.ts";

const inputs = { x: one("f32", "f16", "bf16", "f64") } as const;
const axisWithin = [
  "axis is within the rank of x",
  ({ x }: { x: { type: { shape: readonly (number | string)[] } } }, { axis }: { axis: number }) =>
    within(axis, x.type.shape),
] as const;

/** With no axis put in after the one that is normalized along: targets want that last. */
function keptLast<A extends { readonly axis: number }>(attributes: A, at: number): A | undefined {
  return at > attributes.axis ? undefined : shiftedAxis(attributes, at);
}

/** For every line along `axis`: finish(beta · (x - max), Σ exp(beta · (x - max))). */
function normalize(x: Tensor, axis: number, beta: number, finish: (difference: number, sum: number) => number): Tensor {
  const source = numbersOf(x);
  const result = new Float64Array(source.length);
  const size = x.shape[axis];
  const step = elementCount(x.shape.slice(axis + 1));
  for (let first = 0; first < source.length; first++) {
    if (Math.floor(first / step) % size !== 0) continue;
    const end = first + size * step;
    let greatest = Number.NEGATIVE_INFINITY;
    for (let at = first; at < end; at += step) greatest = Math.max(greatest, beta * source[at]);
    let sum = 0;
    for (let at = first; at < end; at += step) {
      result[at] = beta * source[at] - greatest;
      sum += Math.exp(result[at]);
    }
    for (let at = first; at < end; at += step) result[at] = finish(result[at], sum);
  }
  return fromNumbers(x.dtype, x.shape, result);
}

/** exp(beta · x) / Σ exp(beta · x) along one axis. */
export const softmax = defineOp({
  name: "softmax",
  inputs,
  attributes: { axis: integer, beta: real },
  quantization: fixed(1 / 256, -128, 1 / 32768),
  check: [axisWithin],
  infer: ({ x }) => ({ dtype: x.type.dtype, shape: x.type.shape }),
  transposed: (_, { axis, beta }, permutation) => ({
    attributes: { axis: movedAxis(axis, permutation), beta },
    inputs: [permutation],
    outputs: [permutation],
  }),
  widened: keptLast,
  sliced: ({ x }, attributes, range) => slicedAcross([x], attributes, range),
  evaluate: ({ x }, { axis, beta }) => normalize(x, axis, beta, (difference, sum) => Math.exp(difference) / sum),
  samples: [
    {
      name: "equal shares",
      attributes: { axis: 1, beta: 1 },
      inputs: [
        f32([
          [3, 3],
          [1000, 1000],
        ]),
      ],
      outputs: [
        f32([
          [0.5, 0.5],
          [0.5, 0.5],
        ]),
      ],
    },
    {
      name: "logarithms of 1, 2 and 5",
      attributes: { axis: 0, beta: 1 },
      inputs: [f32([[0], [Math.log(2)], [Math.log(5)]])],
      outputs: [f32([[1 / 8], [2 / 8], [5 / 8]])],
    },
    {
      name: "sharpened",
      attributes: { axis: 0, beta: 2 },
      inputs: [f32([0, Math.log(3)])],
      outputs: [f32([0.1, 0.9])],
    },
  ],
});

/** x - log Σ exp(x) along one axis. */
export const logSoftmax = defineOp({
  name: "logSoftmax",
  inputs,
  attributes: { axis: integer },
  quantization: fixedBytes(16 / 256, 127),
  check: [axisWithin],
  infer: ({ x }) => ({ dtype: x.type.dtype, shape: x.type.shape }),
  transposed: (_, { axis }, permutation) => ({
    attributes: { axis: movedAxis(axis, permutation) },
    inputs: [permutation],
    outputs: [permutation],
  }),
  widened: keptLast,
  sliced: ({ x }, attributes, range) => slicedAcross([x], attributes, range),
  evaluate: ({ x }, { axis }) => normalize(x, axis, 1, (difference, sum) => difference - Math.log(sum)),
  samples: [
    {
      name: "equal shares",
      attributes: { axis: 1 },
      inputs: [f32([[7, 7]])],
      outputs: [f32([[-Math.LN2, -Math.LN2]])],
    },
    {
      name: "logarithms of 1 and 3",
      attributes: { axis: 0 },
      inputs: [f32([0, Math.log(3)])],
      outputs: [f32([Math.log(0.25), Math.log(0.75)])],
    },
  ],
});
