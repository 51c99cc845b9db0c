import { fromNumbers, mayEqual, numbersOf, type Tensor, type Value } from "@millrace/ir";
import { positiveInteger } from "./attributes.ts";
import { defineOp, one, optional } from "./define.ts";
import { f32, i32 } from "./literal.ts";
import { float } from "./rules.ts";
import { type Box, suppressSoftly } from "./suppression.ts";

const isScalar = (value: Value | undefined) => value === undefined || value.type.shape.length === 0;

/** Boxes with their lesser corner first, whatever corners they are given by. */
function boxesOf(tensor: Tensor): readonly Box[] {
  const numbers = numbersOf(tensor);
  return Array.from({ length: tensor.shape[0] }, (_, box): Box => {
    const [y, x, otherY, otherX] = [0, 1, 2, 3].map((at) => numbers[4 * box + at]);
    return [Math.min(y, otherY), Math.min(x, otherX), Math.max(y, otherY), Math.max(x, otherX)];
  });
}

/**
 * Selects boxes [n, 4] of two corners each by their scores [n], and leaves out those that overlap a better one by as much as a threshold
 * (NON_MAX_SUPPRESSION_V4 and, with sigma, V5 of TFLite, whose kernels take a box without area again and again where here it is taken once). Only scores
 * above a threshold count. Results have room for `most` boxes, with zeros behind those selected: int32 indices [most], scores [most] as
 * overlaps have lowered them, and how many there are [].
 */
export const nonMaxSuppression = defineOp({
  name: "nonMaxSuppression",
  inputs: {
    boxes: one("f32"),
    scores: one("f32"),
    overlapThreshold: one("f32"),
    scoreThreshold: one("f32"),
    sigma: optional("f32"),
  },
  attributes: { most: positiveInteger },
  quantization: float("its results are places of boxes, which it leaves out one after the other"),
  check: [
    [
      "boxes have two axes, the last of size 4",
      ({ boxes: { type } }) => type.shape.length === 2 && mayEqual(type.shape[1], 4),
    ],
    [
      "there is one score for each box",
      ({ boxes, scores }) => scores.type.shape.length === 1 && mayEqual(scores.type.shape[0], boxes.type.shape[0]),
    ],
    [
      "thresholds and sigma are scalars",
      ({ overlapThreshold, scoreThreshold, sigma }) => [overlapThreshold, scoreThreshold, sigma].every(isScalar),
    ],
  ],
  infer: (_, { most }) => [
    { dtype: "i32", shape: [most] },
    { dtype: "f32", shape: [most] },
    { dtype: "i32", shape: [] },
  ],
  evaluate({ boxes, scores, overlapThreshold, scoreThreshold, sigma }, { most }) {
    const [overlapLimit, scoreLimit] = [overlapThreshold, scoreThreshold].map(({ data }) => Number(data[0]));
    const limits = { most, overlapThreshold: overlapLimit, scoreThreshold: scoreLimit };
    const kept = suppressSoftly(boxesOf(boxes), numbersOf(scores), limits, Number(sigma?.data[0] ?? 0));
    const rest = new Array<number>(most - kept.length).fill(0);
    return [
      fromNumbers("i32", [most], [...kept.map(({ box }) => box), ...rest]),
      fromNumbers("f32", [most], [...kept.map(({ score }) => score), ...rest]),
      fromNumbers("i32", [], [kept.length]),
    ];
  },
  samples: [
    {
      name: "two of three boxes, one overlapping",
      attributes: { most: 3 },
      inputs: [
        f32([
          [0, 0, 2, 2],
          [2, 1.5, 0, 0],
          [5, 5, 6, 6],
        ]),
        f32([0.5, 0.9, 0.6]),
        f32(0.5),
        f32(0.2),
        undefined,
      ],
      outputs: [i32([1, 2, 0]), f32([0.9, 0.6, 0]), i32(2)],
    },
    {
      name: "scores lowered by overlaps",
      attributes: { most: 3 },
      inputs: [
        f32([
          [0, 0, 1, 1],
          [0, 0.5, 1, 1.5],
          [5, 5, 6, 6],
        ]),
        f32([0.9, 0.8, 0.75]),
        f32(0.5),
        f32(0.2),
        f32(0.5),
      ],
      outputs: [i32([0, 2, 1]), f32([0.9, 0.75, 0.71587145]), i32(3)],
    },
  ],
});
