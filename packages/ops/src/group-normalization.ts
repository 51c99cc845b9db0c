import { type Dimension, divideDimensions, elementCount, numbersOf, type Shape } from "@millrace/ir";
import { integer, positiveInteger, real } from "./attributes.ts";
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
import { shiftedAxis } from "./widening.ts";

/** The shape with a group's members beside what is to be normalized with them: [batch, before, groups, members and what is after them]. */
export function groupedShape(shape: Shape, axis: number, groups: number): Shape {
  const members = divideDimensions(elementCount(shape.slice(axis)), groups);
  return [shape[0], elementCount(shape.slice(1, axis)), groups, members];
}

/** Whether channels make groups of one size. */
export function makesGroups(channels: Dimension, groups: number): boolean {
  return typeof channels !== "number" || channels % groups === 0;
}

/**
 * (x - mean) / √(variance + epsilon) · scale + bias, with mean and variance over each group of neighbours on `axis` and all axes but
 * the first, which counts the batch.
 */
export const groupNormalization = defineOp({
  name: "groupNormalization",
  inputs: normalizedInputs,
  attributes: { axis: integer, groups: positiveInteger, epsilon: real },
  quantization: writtenOutFirst,
  scaling: scaleAndBias,
  check: [
    ["axis is within the rank of x, and not the first", ({ x }, { axis }) => axis > 0 && within(axis, x.type.shape)],
    ["groups divides the channels", ({ x }, { axis, groups }) => makesGroups(x.type.shape[axis], groups)],
    scalingBroadcasts,
    epsilonIsNotNegative,
  ],
  infer: ({ x }) => ({ dtype: x.type.dtype, shape: x.type.shape }),
  transposed: ({ x, scale, bias }, { axis, ...rest }, permutation) =>
    permutation[0] === 0
      ? broadcastAlongside([x, scale, bias], { axis: movedAxis(axis, permutation), ...rest }, permutation)
      : undefined,
  widened: (attributes, at) => (at > 0 ? shiftedAxis(attributes, at) : undefined),
  evaluate(parts, { axis, groups, epsilon }) {
    const shape = groupedShape(parts.x.shape, axis, groups) as readonly number[];
    return scaled(standardized(numbersOf(parts.x), shape, { axes: [1, 3], epsilon, centred: true }), parts);
  },
  samples: [
    {
      name: "two groups of channels",
      attributes: { axis: 1, groups: 2, epsilon: 16 },
      inputs: [
        f32([[[[1]], [[7]], [[-5]], [[-5]]]]),
        f32([[[1]], [[10]], [[1]], [[1]]]),
        f32([[[0]], [[0]], [[2]], [[3]]]),
      ],
      outputs: [f32([[[[-0.6]], [[6]], [[2]], [[3]]]])],
    },
    {
      name: "groups of channels that come last",
      attributes: { axis: 2, groups: 2, epsilon: 16 },
      inputs: [
        f32([
          [
            [1, 7, 2, -10],
            [7, 1, 2, -10],
          ],
        ]),
      ],
      outputs: [
        f32([
          [
            [-0.6, 0.6, 6 / Math.sqrt(52), -6 / Math.sqrt(52)],
            [0.6, -0.6, 6 / Math.sqrt(52), -6 / Math.sqrt(52)],
          ],
        ]),
      ],
    },
  ],
});
