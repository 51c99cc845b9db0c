import { numbersOf } from "@millrace/ir";
import { integers, real } from "./attributes.ts";
import { defineOp } from "./define.ts";
import { f32 } from "./literal.ts";
import {
  epsilonIsNotNegative,
  normalizedInputs,
  scaleAndBias,
  scaled,
  scalingBroadcasts,
  standardized,
} from "./normalizing.ts";
import { writtenOutFirst } from "./rules.ts";
import { within } from "./sizes.ts";
import { broadcastAlongside, movedAxis } from "./transposing.ts";

interface Row {
  readonly centred: boolean;
  /** What [[1, 7], [-5, -5]] becomes over its second axis, with an epsilon that makes roots of whole numbers. */
  readonly example: { readonly epsilon: number; readonly results: readonly (readonly [number, number])[] };
}

const rows = {
  layerNormalization: {
    centred: true,
    example: {
      epsilon: 16,
      results: [
        [-0.6, 0.6],
        [0, 0],
      ],
    },
  },
  rmsNormalization: {
    centred: false,
    example: {
      epsilon: 0,
      results: [
        [0.2, 1.4],
        [-1, -1],
      ],
    },
  },
} satisfies Record<string, Row>;

function overAxes(name: string, { centred, example }: Row) {
  const { epsilon, results } = example;
  const [[a, b], [c, d]] = results;
  return defineOp({
    name,
    inputs: normalizedInputs,
    attributes: { axes: integers, epsilon: real },
    quantization: writtenOutFirst,
    scaling: scaleAndBias,
    check: [
      [
        "axes are ascending and within the rank of x",
        ({ x }, { axes }) => axes.every((axis, at) => within(axis, x.type.shape) && (at === 0 || axes[at - 1] < axis)),
      ],
      scalingBroadcasts,
      epsilonIsNotNegative,
    ],
    infer: ({ x }) => ({ dtype: x.type.dtype, shape: x.type.shape }),
    transposed: ({ x, scale, bias }, { axes, epsilon }, permutation) => {
      const moved = axes.map((axis) => movedAxis(axis, permutation)).sort((a, b) => a - b);
      return broadcastAlongside([x, scale, bias], { axes: moved, epsilon }, permutation);
    },
    widened: ({ axes, epsilon }, at) => ({ axes: axes.map((axis) => (axis < at ? axis : axis + 1)), epsilon }),
    evaluate(parts, { axes, epsilon }) {
      const { x } = parts;
      return scaled(standardized(numbersOf(x), x.shape, { axes, epsilon, centred }), parts);
    },
    samples: [
      {
        name: "rows",
        attributes: { axes: [1], epsilon },
        inputs: [
          f32([
            [1, 7],
            [-5, -5],
          ]),
        ],
        outputs: [f32(results)],
      },
      {
        name: "rows with a factor and an offset for each column",
        attributes: { axes: [2], epsilon },
        inputs: [
          f32([
            [
              [1, 7],
              [-5, -5],
            ],
          ]),
          f32([1, 10]),
          f32([0, 3]),
        ],
        outputs: [
          f32([
            [
              [a, 10 * b + 3],
              [c, 10 * d + 3],
            ],
          ]),
        ],
      },
      {
        name: "columns with a factor for each row",
        attributes: { axes: [1], epsilon },
        inputs: [
          f32([
            [
              [1, -5],
              [7, -5],
            ],
          ]),
          f32([[2], [-1]]),
        ],
        outputs: [
          f32([
            [
              [2 * a, 2 * c],
              [-b, -d],
            ],
          ]),
        ],
      },
      {
        name: "images, channel by channel",
        attributes: { axes: [2, 3], epsilon },
        inputs: [f32([[[[1, 7]], [[-5, -5]]]]), f32([[[2]], [[1]]]), f32([[[0]], [[1]]])],
        outputs: [f32([[[[2 * a, 2 * b]], [[c + 1, d + 1]]]])],
      },
      {
        name: "whole images, with an offset alone",
        attributes: { axes: [1, 2], epsilon },
        inputs: [
          f32([
            [[1], [7]],
            [[-5], [-5]],
          ]),
          undefined,
          f32([[1], [2]]),
        ],
        outputs: [
          f32([
            [[a + 1], [b + 2]],
            [[c + 1], [d + 2]],
          ]),
        ],
      },
    ],
  });
}

/** (x - mean) / √(variance + epsilon) · scale + bias, with mean and variance over `axes`. */
export const layerNormalization = overAxes("layerNormalization", rows.layerNormalization);

/** x / √(mean of x² + epsilon) · scale + bias, with the mean over `axes`. */
export const rmsNormalization = overAxes("rmsNormalization", rows.rmsNormalization);
