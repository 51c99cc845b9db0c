import { elementCount, isIdentityPermutation, reshapeTensor } from "@millrace/ir";
import { dimensions } from "./attributes.ts";
import { defineOp, one } from "./define.ts";

/** The same elements in row-major order under another shape. */
export const reshape = defineOp({
  name: "reshape",
  inputs: { x: one() },
  attributes: { shape: dimensions },
  quantization: { kind: "same", inputs: ["x"] },
  check: [
    [
      "the new shape has as many elements as x",
      ({ x }, { shape }) => {
        const [before, after] = [elementCount(x.type.shape), elementCount(shape)];
        return typeof before !== typeof after || typeof before === "string" || before === after;
      },
    ],
  ],
  infer: ({ x }, { shape }) => ({ dtype: x.type.dtype, shape }),
  transposed: (_, attributes, permutation) =>
    isIdentityPermutation(permutation) ? { attributes, inputs: [permutation], outputs: [undefined] } : undefined,
  evaluate: ({ x }, _, [output]) => reshapeTensor(x, output.shape as readonly number[]),
});
