import {
  broadcastShapes,
  elementCount,
  fromNumbers,
  mayEqual,
  mayMatch,
  numbersOf,
  type Shape,
  type Tensor,
  type Transposed,
  type Value,
} from "@millrace/ir";
import { real } from "./attributes.ts";
import { forEachBroadcast } from "./broadcast.ts";
import { defineOp, one, optional } from "./define.ts";
import { f32 } from "./literal.ts";
import { writtenOutFirst } from "./rules.ts";
import { knownCount } from "./sizes.ts";

const types = ["f32", "f16", "bf16", "f64"] as const;

/** The common shape of the axes before the last two. */
function commonBatch(values: readonly Value[]): Shape | undefined {
  return values
    .map(({ type }) => type.shape.slice(0, -2))
    .reduce<Shape | undefined>((common, batch) => common && broadcastShapes(common, batch), []);
}

/** The shape of the scores, one for each query and key. */
function scoresOf(query: Value, key: Value, value: Value): Shape {
  return [...commonBatch([query, key, value])!, query.type.shape.at(-2)!, key.type.shape.at(-2)!];
}

/**
 * Scaled dot-product attention: softmax(scale · query · keyᵀ + mask) · value, where the softmax is over the keys. The last two axes are
 * [queries, size] of query, [keys, size] of key, [keys, width] of value, [queries, width] of the result; the axes before them
 * broadcast. A mask broadcasts to [queries, keys] behind the same axes.
 */
export const attention = defineOp({
  name: "attention",
  inputs: { query: one(...types), key: one(...types), value: one(...types), mask: optional(...types) },
  attributes: { scale: real },
  quantization: writtenOutFirst,
  check: [
    ["scale is greater than 0", (_, { scale }) => scale > 0],
    [
      "query, key and value have at least two axes",
      ({ query, key, value }) => [query, key, value].every(({ type }) => type.shape.length >= 2),
    ],
    ["queries and keys have one size", ({ query, key }) => mayEqual(query.type.shape.at(-1)!, key.type.shape.at(-1)!)],
    ["there is a value for each key", ({ key, value }) => mayEqual(key.type.shape.at(-2)!, value.type.shape.at(-2)!)],
    [
      "the axes before the last two broadcast",
      ({ query, key, value }) => commonBatch([query, key, value]) !== undefined,
    ],
    [
      "the mask broadcasts to the shape of the scores",
      ({ query, key, value, mask }) => {
        const scores = scoresOf(query, key, value);
        return mask === undefined || mayMatch(broadcastShapes(scores, mask.type.shape) ?? [-1], scores);
      },
    ],
  ],
  infer({ query, key, value }) {
    const shape = [...commonBatch([query, key, value])!, query.type.shape.at(-2)!, value.type.shape.at(-1)!];
    return { dtype: query.type.dtype, shape };
  },
  macs({ query, key, value }) {
    const scores = scoresOf(query, key, value);
    return knownCount([...scores, query.type.shape.at(-1)!]) + knownCount([...scores, value.type.shape.at(-1)!]);
  },
  transposed: ({ query, key, value, mask }, attributes, permutation) =>
    permutedBatch([query, key, value, mask], attributes, permutation),
  evaluate(inputs, { scale }, [{ dtype, shape }]) {
    const sizes = shape as readonly number[];
    return fromNumbers(dtype, sizes, attend(inputs, scale, sizes.slice(0, -1)));
  },
  samples: [
    {
      name: "shares by the scores of the keys",
      attributes: { scale: 1 },
      inputs: [f32([[1], [0]]), f32([[0], [Math.log(3)]]), f32([[4], [8]]), undefined],
      outputs: [f32([[7], [6]])],
    },
    {
      name: "scaled scores of two heads",
      attributes: { scale: 0.5 },
      inputs: [
        f32([[[[2, 0]], [[0, 2]]]]),
        f32([
          [
            [
              [0, 5],
              [Math.log(3), 5],
            ],
            [
              [5, Math.log(4)],
              [5, 0],
            ],
          ],
        ]),
        f32([
          [
            [
              [4, 0],
              [8, 4],
            ],
            [
              [5, 10],
              [10, 0],
            ],
          ],
        ]),
        undefined,
      ],
      outputs: [f32([[[[7, 3]], [[6, 8]]]])],
    },
    {
      name: "a mask of what comes later, keys for all of a batch",
      attributes: { scale: 1 },
      inputs: [
        f32([
          [[1], [1]],
          [[0], [0]],
        ]),
        f32([[0], [Math.log(3)]]),
        f32([[4], [8]]),
        f32([
          [0, Number.NEGATIVE_INFINITY],
          [0, 0],
        ]),
      ],
      outputs: [
        f32([
          [[4], [7]],
          [[4], [6]],
        ]),
      ],
    },
    {
      name: "a mask of its own for each of a batch",
      attributes: { scale: 1 },
      inputs: [
        f32([[[1]], [[0]]]),
        f32([
          [[0], [0]],
          [[0], [0]],
        ]),
        f32([
          [[4], [8]],
          [[4], [8]],
        ]),
        f32([[[0, Math.log(3)]], [[Math.log(3), 0]]]),
      ],
      outputs: [f32([[[7]], [[5]]])],
    },
  ],
});

/** Axes before the last two move through attention where every input can follow. */
function permutedBatch(
  inputs: readonly (Value | undefined)[],
  attributes: { readonly scale: number },
  permutation: readonly number[],
): Transposed | undefined {
  const rank = permutation.length;
  if (permutation[rank - 2] !== rank - 2 || permutation[rank - 1] !== rank - 1) return undefined;
  const ranks = inputs.map((value) => value?.type.shape.length ?? 0);
  if (ranks.some((each) => each > 2 && each !== rank)) return undefined;
  return { attributes, inputs: ranks.map((each) => (each > 2 ? permutation : undefined)), outputs: [permutation] };
}

interface Operands {
  readonly query: Tensor;
  readonly key: Tensor;
  readonly value: Tensor;
  readonly mask: Tensor | undefined;
}

/** Results of all queries in a row; `rows` is the shape of the axes that count them. */
function attend({ query, key, value, mask = f32(0) }: Operands, scale: number, rows: readonly number[]): Float64Array {
  const size = query.shape.at(-1)!;
  const [span, width] = value.shape.slice(-2);
  const maskWidth = mask.shape.at(-1) ?? 1;
  const [queries, keys, values, offsets] = [query, key, value, mask].map(numbersOf);
  const result = new Float64Array(elementCount(rows) * width);
  const shares = new Float64Array(span);
  const counted = [query, mask].map(({ shape }) => shape.slice(0, -1));
  const whole = [key, value].map(({ shape }) => [...shape.slice(0, -2), 1]);
  forEachBroadcast(rows, [...counted, ...whole], (at, [atQuery, atMask, atKey, atValue]) => {
    for (let column = 0; column < span; column++) {
      const product = dot(queries, atQuery * size, keys, (atKey * span + column) * size, size);
      shares[column] = scale * product + offsets[atMask * maskWidth + (maskWidth === 1 ? 0 : column)];
    }
    normalize(shares);
    for (let column = 0; column < span; column++) {
      const source = (atValue * span + column) * width;
      for (let index = 0; index < width; index++) result[at * width + index] += shares[column] * values[source + index];
    }
  });
  return result;
}

function dot(a: ArrayLike<number>, atA: number, b: ArrayLike<number>, atB: number, count: number): number {
  let sum = 0;
  for (let index = 0; index < count; index++) sum += a[atA + index] * b[atB + index];
  return sum;
}

/** Puts softmax of the scores in their place. */
function normalize(scores: Float64Array): void {
  const greatest = scores.reduce((most, score) => Math.max(most, score), Number.NEGATIVE_INFINITY);
  let sum = 0;
  for (let index = 0; index < scores.length; index++) {
    scores[index] = Math.exp(scores[index] - greatest);
    sum += scores[index];
  }
  for (let index = 0; index < scores.length; index++) scores[index] /= sum;
}
