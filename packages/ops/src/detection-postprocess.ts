import { fromNumbers, mayEqual, numbersOf, type Tensor, type ValueType } from "@millrace/ir";
import { flag, positiveInteger, real } from "./attributes.ts";
import { defineOp, one } from "./define.ts";
import { f32 } from "./literal.ts";
import { float } from "./rules.ts";
import { type Box, decreasing, suppress } from "./suppression.ts";

const single = Math.fround;
const coded = ["f32", "i8", "u8", "i16"] as const;

/** A tensor's elements as float32 reals. */
function realsOf(tensor: Tensor, type: ValueType | undefined): ArrayLike<number> {
  const { scale, zeroPoint } = type?.quantization ?? {};
  if (!scale || !zeroPoint) return numbersOf(tensor);
  return Float32Array.from(numbersOf(tensor), (stored) => scale[0] * (stored - zeroPoint[0]));
}

interface Scales {
  readonly yScale: number;
  readonly xScale: number;
  readonly hScale: number;
  readonly wScale: number;
}

/** Corners of boxes given as center and size relative to anchors, in double precision rounded to float32 at the end. */
function decode(codes: ArrayLike<number>, length: number, anchors: ArrayLike<number>, scales: Scales): readonly Box[] {
  const { yScale, xScale, hScale, wScale } = scales;
  return Array.from({ length: anchors.length / 4 }, (_, box): Box => {
    const [anchorY, anchorX, anchorHeight, anchorWidth] = [0, 1, 2, 3].map((at) => anchors[box * 4 + at]);
    const [codeY, codeX, codeHeight, codeWidth] = [0, 1, 2, 3].map((at) => codes[box * length + at]);
    const y = single((codeY / yScale) * anchorHeight + anchorY);
    const x = single((codeX / xScale) * anchorWidth + anchorX);
    const height = single(0.5 * Math.exp(codeHeight / hScale) * anchorHeight);
    const width = single(0.5 * Math.exp(codeWidth / wScale) * anchorWidth);
    return [y - height, x - width, y + height, x + width].map(single) as unknown as Box;
  });
}

interface Detection {
  readonly box: number;
  readonly kind: number;
  readonly score: number;
}

interface Limits {
  readonly maxDetections: number;
  readonly maxClassesPerDetection: number;
  readonly detectionsPerClass: number;
  readonly nmsScoreThreshold: number;
  readonly nmsIouThreshold: number;
}

/** Boxes are suppressed by their best class, and each one kept gives its best classes. */
function detectByBest(boxes: readonly Box[], rows: readonly ArrayLike<number>[], limits: Limits): readonly Detection[] {
  const { maxClassesPerDetection, maxDetections, nmsScoreThreshold, nmsIouThreshold } = limits;
  const best = rows.map((row) => decreasing(row).slice(0, maxClassesPerDetection));
  const greatest = rows.map((row, box) => row[best[box][0]]);
  const kept = suppress(boxes, greatest, {
    most: maxDetections,
    scoreThreshold: nmsScoreThreshold,
    overlapThreshold: nmsIouThreshold,
  });
  return kept.flatMap((box) => best[box].map((kind) => ({ box, kind, score: rows[box][kind] })));
}

/** Boxes are suppressed class by class, and the best of all are kept. */
function detectByClass(
  boxes: readonly Box[],
  rows: readonly ArrayLike<number>[],
  limits: Limits,
): readonly Detection[] {
  const { detectionsPerClass, maxDetections, nmsScoreThreshold, nmsIouThreshold } = limits;
  let found: readonly Detection[] = [];
  for (let kind = 0; kind < (rows[0]?.length ?? 0); kind++) {
    const scores = rows.map((row) => row[kind]);
    const kept = suppress(boxes, scores, {
      most: detectionsPerClass,
      scoreThreshold: nmsScoreThreshold,
      overlapThreshold: nmsIouThreshold,
    });
    const all = [...found, ...kept.map((box) => ({ box, kind, score: scores[box] }))];
    found = decreasing(all.map(({ score }) => score))
      .slice(0, maxDetections)
      .map((at) => all[at]);
  }
  return found;
}

/**
 * What an object detector ends with (TFLite_Detection_PostProcess): boxes [1, n, 4 or more] of y, x, height and width relative to
 * anchors [n, 4] are decoded, those that overlap better ones are left out, and the best are given with class and score. Scores
 * [1, n, classes] may have further classes in front, which don't count. Results have room for maxDetections times maxClassesPerDetection
 * entries, zeros where there are less: boxes [1, room, 4] as corners y, x, y, x; classes [1, room]; scores [1, room]; how many boxes [1].
 */
export const detectionPostprocess = defineOp({
  name: "detectionPostprocess",
  inputs: { boxes: one(...coded), scores: one(...coded), anchors: one(...coded) },
  attributes: {
    maxDetections: positiveInteger,
    maxClassesPerDetection: positiveInteger,
    detectionsPerClass: positiveInteger,
    numClasses: positiveInteger,
    useRegularNms: flag,
    nmsScoreThreshold: real,
    nmsIouThreshold: real,
    yScale: real,
    xScale: real,
    hScale: real,
    wScale: real,
  },
  quantization: float("its results are boxes and scores in real numbers"),
  check: [
    [
      "boxes and scores have three axes, the first of size 1, and anchors two",
      ({ boxes, scores, anchors }) =>
        [boxes, scores].every(({ type: { shape } }) => shape.length === 3 && mayEqual(shape[0], 1)) &&
        anchors.type.shape.length === 2,
    ],
    [
      "boxes, scores and anchors are equally many",
      ({ boxes, scores, anchors }) =>
        mayEqual(boxes.type.shape[1], scores.type.shape[1]) && mayEqual(boxes.type.shape[1], anchors.type.shape[0]),
    ],
    [
      "boxes and anchors have four numbers and scores one for each class",
      ({ boxes, scores, anchors }, { numClasses }) =>
        Number(boxes.type.shape[2]) >= 4 &&
        mayEqual(anchors.type.shape[1], 4) &&
        Number(scores.type.shape[2]) >= numClasses,
    ],
  ],
  infer: (_, { maxDetections, maxClassesPerDetection }) => {
    const room = maxDetections * maxClassesPerDetection;
    return [[1, room, 4], [1, room], [1, room], [1]].map((shape) => ({ dtype: "f32", shape }) as const);
  },
  evaluate({ boxes, scores, anchors }, attributes, outputs, types) {
    const { useRegularNms, numClasses, maxClassesPerDetection } = attributes;
    const length = scores.shape[2];
    const reals = Float32Array.from(realsOf(scores, types.scores));
    const rows = Array.from({ length: scores.shape[1] }, (_, row) =>
      reals.subarray((row + 1) * length - numClasses, (row + 1) * length),
    );
    const decoded = decode(realsOf(boxes, types.boxes), boxes.shape[2], realsOf(anchors, types.anchors), attributes);
    const found = (useRegularNms ? detectByClass : detectByBest)(decoded, rows, attributes);
    const perBox = useRegularNms ? 1 : Math.min(maxClassesPerDetection, numClasses);
    const stretch = useRegularNms ? 1 : maxClassesPerDetection;
    const places = found.map((_, at) => Math.floor(at / perBox) * stretch + (at % perBox));
    const [corners, kinds, values] = outputs.map(
      ({ shape }) => new Float64Array(Number(shape[1]) * Number(shape[2] ?? 1)),
    );
    found.forEach(({ box, kind, score }, at) => {
      corners.set(decoded[box], 4 * places[at]);
      kinds[places[at]] = kind;
      values[places[at]] = score;
    });
    const results = [corners, kinds, values, [found.length / perBox]];
    return outputs.map(({ shape }, at) => fromNumbers("f32", shape as readonly number[], results[at]));
  },
  samples: [
    {
      name: "two of three boxes, one overlapping",
      attributes: {
        maxDetections: 2,
        maxClassesPerDetection: 1,
        detectionsPerClass: 10,
        numClasses: 2,
        useRegularNms: false,
        nmsScoreThreshold: 0.1,
        nmsIouThreshold: 0.5,
        yScale: 10,
        xScale: 10,
        hScale: 5,
        wScale: 5,
      },
      inputs: [
        f32([
          [
            [0, 0, 0, 0],
            [1, 0, 0, 0],
            [0, 0, 0, 0],
          ],
        ]),
        f32([
          [
            [0, 0.9, 0.8],
            [0, 0.75, 0.72],
            [0, 0.1, 0.7],
          ],
        ]),
        f32([
          [0.5, 0.5, 1, 1],
          [0.5, 0.5, 1, 1],
          [0.5, 10.5, 1, 1],
        ]),
      ],
      outputs: [
        f32([
          [
            [0, 0, 1, 1],
            [0, 10, 1, 11],
          ],
        ]),
        f32([[0, 1]]),
        f32([[0.9, 0.7]]),
        f32([2]),
      ],
    },
  ],
});
