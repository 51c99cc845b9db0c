import { broadcastShapes, fromNumbers, mayMatch, numbersOf } from "@millrace/ir";
import { forEachBroadcast } from "./broadcast.ts";
import { defineOp, one } from "./define.ts";
import { f32 } from "./literal.ts";
import { slicedAlike } from "./slicing.ts";
import { broadcastAlongside } from "./transposing.ts";
import { whateverAxes } from "./widening.ts";

/** x where it is positive, else x · slope; the slope broadcasts to x. */
export const prelu = defineOp({
  name: "prelu",
  inputs: { x: one("f32", "f16", "i8", "u8", "i16"), slope: one("f32", "f16", "i8", "u8", "i16") },
  attributes: {},
  quantization: { kind: "free", bytes: true },
  check: [
    [
      "slope broadcasts to the shape of x",
      ({ x, slope }) => mayMatch(broadcastShapes(x.type.shape, slope.type.shape) ?? [-1], x.type.shape),
    ],
  ],
  infer: ({ x }) => ({ dtype: x.type.dtype, shape: x.type.shape }),
  transposed: ({ x, slope }, attributes, permutation) => broadcastAlongside([x, slope], attributes, permutation),
  widened: whateverAxes,
  sliced: ({ x, slope }, attributes, range) => slicedAlike([x, slope], attributes, range),
  evaluate({ x, slope }) {
    const [source, slopes] = [numbersOf(x), numbersOf(slope)];
    const result = new Float64Array(source.length);
    forEachBroadcast(x.shape, [x.shape, slope.shape], (at, indices) => {
      result[at] = source[at] >= 0 ? source[at] : source[at] * slopes[indices[1]];
    });
    return fromNumbers(x.dtype, x.shape, result);
  },
  samples: [
    {
      name: "one slope for each channel",
      attributes: {},
      inputs: [
        f32([
          [
            [1, -2],
            [-3, 4],
          ],
        ]),
        f32([[0.5], [2]]),
      ],
      outputs: [
        f32([
          [
            [1, -1],
            [-6, 4],
          ],
        ]),
      ],
    },
    { name: "one slope", attributes: {}, inputs: [f32([-4, 0, 4]), f32([0.25])], outputs: [f32([-1, 0, 4])] },
  ],
});
