import { elementCount, fromNumbers, type Value } from "@millrace/ir";
import {
  add,
  argMax,
  concat,
  div,
  equal,
  gather,
  greater,
  logicalOr,
  maximum,
  minimum,
  mul,
  reduceMax,
  reduceProd,
  select,
  sub,
  topK,
} from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { counting } from "./counting.ts";
import { converted, formulaOf } from "./formula.ts";
import { knownShape } from "./known-shape.ts";
import { reshaped, sliced } from "./weights.ts";

/** Boxes of one class that may be selected; every one takes a few nodes. */
const maximumSelected = 256;
/** Pairs of boxes that are compared. */
const maximumPairs = 2 ** 24;
/** The score of what can't be selected any more. */
const least = -3.4028234663852886e38;

/**
 * Selects boxes in the order of their scores, in each class of each image, and drops those that overlap a selected one too
 * much. Results are rows of image, class and box; how many there are depends on the data, and has to be what the model states.
 */
function suppression(node: SourceNode): Value {
  const [images, boxes] = knownShape(node, node.shape(0));
  const classes = knownShape(node, node.shape(1))[1];
  const [limit = 0] = node.has(2) ? node.numbers(2) : [];
  const rows = node.statedShape()?.[0];
  if (rows === undefined)
    return node.unsupported(
      "how many boxes it selects depends on the data",
      "Cut the model before this node and select boxes outside, or state the size of its result.",
    );
  const rounds = Math.min(limit, boxes);
  const candidates = images * classes * rounds;
  if (rounds > maximumSelected || images * boxes * boxes > maximumPairs)
    node.unsupported(
      `it selects up to ${rounds} of ${boxes} boxes`,
      `Select at most ${maximumSelected} boxes of each class, of fewer boxes.`,
    );
  if (rows > candidates) node.invalid(`its result has ${rows} rows, and there are at most ${candidates}`);
  if (rows === 0) return node.constant(fromNumbers("i64", [0, 3], []));
  const { picks, scores } = selectedBoxes(node, rounds);
  return firstRows(node, rows, picks, scores);
}

/** Selected boxes [images, classes, rounds] and their scores, the least number there is where none is left. */
function selectedBoxes(node: SourceNode, rounds: number): { readonly picks: Value; readonly scores: Value } {
  const of = formulaOf(node);
  const [images, boxes] = knownShape(node, node.shape(0));
  const overlaps = reshaped(node, overlapping(node), [images * boxes, boxes]);
  const starts = counting(node, [images, 1], { step: boxes });
  const threshold = node.has(4) ? node.numbers(4)[0] : undefined;
  const given = node.input(1);
  let left = threshold === undefined ? given : of(select, of(greater, given, threshold), given, least);
  const picks: Value[] = [];
  const scores: Value[] = [];
  for (let round = 0; round < rounds; round++) {
    const best = node.compute(argMax, [left], { axis: 2, keepDims: false, to: "i32" });
    picks.push(reshaped(node, best, [...best.type.shape, 1]));
    scores.push(node.compute(reduceMax, [left], { axes: [2], keepDims: true }));
    const dropped = node.compute(gather, [overlaps, of(add, best, starts)], { axis: 0 });
    left = of(select, dropped, least, left);
  }
  const joined = (values: readonly Value[]) => node.compute(concat, values, { axis: 2 });
  return { picks: joined(picks), scores: joined(scores) };
}

/** Whether two boxes of an image overlap by more than the threshold of their union, or are the same: [images, boxes, boxes]. */
function overlapping(node: SourceNode): Value {
  const of = formulaOf(node);
  const [images, boxes] = knownShape(node, node.shape(0));
  const { low, high } = corners(node);
  const [column, row] = [
    [images, boxes, 1],
    [images, 1, boxes],
  ];
  const pairs = (op: typeof maximum, value: Value) =>
    of(op, reshaped(node, value, [...column, 2]), reshaped(node, value, [...row, 2]));
  const area = (sides: Value) =>
    node.compute(reduceProd, [of(maximum, sides, 0)], { axes: [sides.type.shape.length - 1], keepDims: false });
  const common = area(of(sub, pairs(minimum, high), pairs(maximum, low)));
  const areas = area(of(sub, high, low));
  const both = of(add, reshaped(node, areas, column), reshaped(node, areas, row));
  const threshold = node.has(3) ? node.numbers(3)[0] : 0;
  const overlap = of(greater, common, of(mul, of(sub, both, common), threshold));
  const same = of(equal, counting(node, [1, boxes, 1]), counting(node, [1, 1, boxes]));
  return of(logicalOr, overlap, same);
}

/** The least and the greatest coordinates of boxes, [images, boxes, 2]. */
function corners(node: SourceNode): { readonly low: Value; readonly high: Value } {
  const of = formulaOf(node);
  const [first, second] = [0, 2].map((start) => sliced(node, node.input(0), 2, start, 2));
  if (!node.attributes.flag("center_point_box", false))
    return { low: of(minimum, first, second), high: of(maximum, first, second) };
  const half = of(div, second, 2);
  return { low: of(sub, first, half), high: of(add, first, half) };
}

/** The first rows [image, class, box] that were selected, found by ranking their positions. */
function firstRows(node: SourceNode, rows: number, picks: Value, scores: Value): Value {
  const of = formulaOf(node);
  const [images, classes, rounds] = knownShape(node, picks.type.shape);
  const count = elementCount([images, classes, rounds]);
  node.reserve(32 * count);
  const column = (number: (at: number) => number) =>
    node.constant(
      fromNumbers(
        "i32",
        [count, 1],
        Array.from({ length: count }, (_, at) => number(at)),
      ),
    );
  const image = column((at) => Math.floor(at / (classes * rounds)));
  const kind = column((at) => Math.floor(at / rounds) % classes);
  const all = node.compute(concat, [image, kind, reshaped(node, picks, [count, 1])], { axis: 1 });
  const ranks = node.constant(
    fromNumbers(
      "f32",
      [count],
      Array.from({ length: count }, (_, at) => count - at),
    ),
  );
  const isSelected = of(greater, reshaped(node, scores, [count]), least);
  const [, order] = node.computeAll(topK, [of(select, isSelected, ranks, 0)], { k: rows, axis: 0 });
  return converted(node, node.compute(gather, [all, order], { axis: 0 }), "i64");
}

export const suppressions: Readonly<Record<string, Importer>> = { NonMaxSuppression: suppression };
