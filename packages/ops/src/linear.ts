import {
  elementCount,
  fromNumbers,
  isFloat,
  isIdentityPermutation,
  mayEqual,
  numbersOf,
  type Operator,
  sameShape,
} from "@millrace/ir";
import { activationRanges } from "./activation.ts";
import { activation } from "./attributes.ts";
import { convolutionMacs, weightNumbers } from "./conv2d.ts";
import { defineOp, one, optional } from "./define.ts";
import { f32 } from "./literal.ts";
import { rowPatches } from "./patches.ts";

/** `blocks` tells whether neighbours in a row of weights may have a scale of their own. */
function linearOperator(name: string, { blocks }: { readonly blocks: boolean }) {
  return defineOp({
    name,
    inputs: {
      x: one("f32", "i8", "u8", "i16"),
      weights: one("f32", "i4", "i8", "u8"),
      bias: optional("f32", "i32", "i64"),
    },
    attributes: { activation },
    quantization: {
      kind: "free",
      weights: {
        data: "x",
        weights: "weights",
        bias: "bias",
        axis: () => 0,
        halfBytes: true,
        dynamic: { i8: (): Operator => (blocks ? asymmetricLinear : linear), i4: (): Operator => asymmetricLinear },
        groups: () => 1,
        patches: (data) => rowPatches(data),
      },
    },
    check: [
      [
        "x has an axis and weights have two",
        ({ x, weights }) => x.type.shape.length >= 1 && weights.type.shape.length === 2,
      ],
      [
        "the last size of x is the second size of weights",
        ({ x, weights }) => mayEqual(x.type.shape.at(-1)!, weights.type.shape[1]),
      ],
      [
        blocks
          ? "weights have scales for the whole, for each row, or, beside real x, for blocks of rows"
          : "weights have scales for the whole or for each row",
        ({ x, weights }) => {
          const { axis, block } = weights.type.quantization ?? {};
          return block === undefined || (blocks && axis === 1 && isFloat(x.type.dtype));
        },
      ],
      [
        "bias has one number for each row of weights",
        ({ weights, bias }) => bias === undefined || sameShape(bias.type.shape, [weights.type.shape[0]]),
      ],
    ],
    infer: ({ x, weights }) => ({ dtype: x.type.dtype, shape: [...x.type.shape.slice(0, -1), weights.type.shape[0]] }),
    macs: ({ weights }, output) => convolutionMacs(weights, output),
    transposed({ bias }, attributes, permutation) {
      const last = permutation.length - 1;
      if (permutation[last] !== last || isIdentityPermutation(permutation)) return undefined;
      return { attributes, inputs: [permutation, undefined, ...(bias ? [undefined] : [])], outputs: [permutation] };
    },
    evaluate({ x, weights, bias }, { activation }, [output], types) {
      const [rows, columns] = weights.shape;
      const [source, filter] = [numbersOf(x), weightNumbers(weights, x, types.weights)];
      const offsets = bias && numbersOf(bias);
      const [low, high] = activationRanges[activation];
      const shape = output.shape as readonly number[];
      const result = new Float64Array(elementCount(shape));
      for (let at = 0; at < result.length; at++) {
        const n = at % rows;
        const start = ((at - n) / rows) * columns;
        let sum = 0;
        for (let k = 0; k < columns; k++) sum += source[start + k] * filter[n * columns + k];
        result[at] = Math.min(high, Math.max(low, sum + (offsets ? offsets[n] : 0)));
      }
      return fromNumbers(output.dtype, shape, result);
    },
    samples: [
      {
        name: "two rows",
        attributes: { activation: "none" },
        inputs: [
          f32([[[1, 2, 3]], [[0, 1, 0]]]),
          f32([
            [1, 1, 1],
            [0, 10, -1],
          ]),
          f32([0.5, 0]),
        ],
        outputs: [f32([[[6.5, 17]], [[1.5, 10]]])],
      },
      {
        name: "ReLU, no bias",
        attributes: { activation: "relu" },
        inputs: [f32([2]), f32([[3], [-3]])],
        outputs: [f32([6, 0])],
      },
    ],
  });
}

/** Fully connected layer over the last axis: y[…, n] = Σ x[…, k] · weights[n, k] + bias[n]. */
export const linear = linearOperator("linear", { blocks: false });

/**
 * The same, where real data that meet int8 or int4 weights are stored in 256 steps between the least and the greatest of each row while the
 * model runs; `linear` takes 255 steps around zero. Its weights may have scales for blocks of each row.
 */
export const asymmetricLinear = linearOperator("asymmetricLinear", { blocks: true });
