import { elementCount, fromNumbers, numbersOf } from "@millrace/ir";
import { integer, layout, real } from "./attributes.ts";
import { defineOp, one } from "./define.ts";
import { f32 } from "./literal.ts";
import { float } from "./rules.ts";
import { flipLayout } from "./transposing.ts";
import { fourAxes, spatialAxes } from "./window.ts";

/** x / (bias + alpha · Σ x²)^beta, the sum over the channels from `before` before it to `after` after it; none if after is -1 and before 0. */
export const localResponseNormalization = defineOp({
  name: "localResponseNormalization",
  inputs: { x: one("f32") },
  attributes: { before: integer, after: integer, bias: real, alpha: real, beta: real, layout },
  quantization: float("TFLite has no int8 LOCAL_RESPONSE_NORMALIZATION"),
  check: [
    fourAxes,
    ["the window does not end before it begins", (_, { before, after }) => before >= 0 && before + after >= -1],
  ],
  infer: ({ x }) => ({ dtype: x.type.dtype, shape: x.type.shape }),
  transposed: (_, attributes, permutation) => flipLayout(attributes, permutation),
  evaluate({ x }, { before, after, bias, alpha, beta, layout: order }) {
    const axis = spatialAxes(order).channels;
    const source = numbersOf(x);
    const [size, step] = [x.shape[axis], elementCount(x.shape.slice(axis + 1))];
    const result = Float64Array.from(source, (value, at) => {
      const channel = Math.floor(at / step) % size;
      let squares = 0;
      for (let other = Math.max(0, channel - before); other <= Math.min(size - 1, channel + after); other++)
        squares += source[at + (other - channel) * step] ** 2;
      return value / (bias + alpha * squares) ** beta;
    });
    return fromNumbers(x.dtype, x.shape, result);
  },
  samples: [
    {
      name: "the channel and the one before",
      attributes: { before: 1, after: 0, bias: 1, alpha: 0.5, beta: 1, layout: "last" },
      inputs: [f32([[[[2, 0, 4]]]])],
      outputs: [f32([[[[2 / 3, 0, 4 / 9]]]])],
    },
  ],
});
