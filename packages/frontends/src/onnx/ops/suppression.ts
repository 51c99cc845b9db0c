import { elementCount, fromNumbers, type Value } from "@millrace/ir";
import { add, concat, div, gather, less, maximum, mul, nonMaxSuppression, sub } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { coordinates } from "./coordinates.ts";
import { counting } from "./counting.ts";
import { converted, formulaOf } from "./formula.ts";
import { knownShape } from "./known-shape.ts";
import { reshaped, sliced } from "./weights.ts";

/** Classes of all images: each takes a few nodes. */
const mostClasses = 1024;
/** Factor of what is added to a normal float32 number so that rounding gives the next greater one. */
const nextAbove = 3 * 2 ** -25;
/** The least normal float32 number. */
const leastNormal = 2 ** -126;

/**
 * Selects boxes in the order of their scores, in each class of each image, and drops those that overlap a selected one by more than a
 * threshold. Results are rows of image, class and box; how many there are depends on the data.
 */
function suppression(node: SourceNode): Value {
  const [images, boxes] = knownShape(node, node.shape(0));
  const [, classes] = knownShape(node, node.shape(1));
  const [limit = 0] = node.has(2) ? node.numbers(2) : [];
  const most = Math.min(limit, boxes);
  const stated = node.statedShape()?.[0];
  if (stated !== undefined && stated > images * classes * most)
    node.invalid(`its result has ${stated} rows, and there are at most ${images * classes * most}`);
  if (images * classes > mostClasses)
    node.unsupported(`it selects boxes of ${images * classes} classes one by one`, `Use ${mostClasses} at most.`);
  if (images * classes * most <= 0) return node.constant(fromNumbers("i64", [0, 3], []));
  return selectedRows(node, [images, classes, most], stated);
}

/** Rows of image, class and box in the order of images, classes and selection. */
function selectedRows(node: SourceNode, sizes: readonly number[], stated: number | undefined): Value {
  const [images, classes, most] = sizes;
  const candidates = elementCount(sizes);
  node.reserve(32 * candidates);
  const { indices, counts } = selectedByClass(node, sizes);
  const isSelected = formulaOf(node)(less, counting(node, [1, most]), counts);
  const numbers = Array.from({ length: candidates }, (_, at) => [
    Math.floor(at / (classes * most)),
    Math.floor(at / most) % classes,
  ]);
  const known = node.constant(fromNumbers("i32", [candidates, 2], numbers.flat()));
  const rows = node.compute(concat, [known, reshaped(node, indices, [candidates, 1])], { axis: 1 });
  const places = coordinates(node, reshaped(node, isSelected, [images * classes * most]), stated);
  const picked = node.compute(gather, [rows, reshaped(node, places, [places.type.shape[0]])], { axis: 0 });
  return converted(node, picked, "i64");
}

/** Boxes selected [images · classes, most], and how many of them there are [images · classes, 1]. */
function selectedByClass(node: SourceNode, [images, classes, most]: readonly number[]) {
  const [, , boxes] = knownShape(node, node.shape(1));
  const corners = cornersOf(node);
  const limits = [overlapLimit(node), scalar(node, 4, Number.NEGATIVE_INFINITY)];
  const found: Value[] = [];
  const counts: Value[] = [];
  for (let image = 0; image < images; image++) {
    const own = reshaped(node, sliced(node, corners, 0, image, 1), [boxes, 4]);
    const scores = sliced(node, node.input(1), 0, image, 1);
    for (let kind = 0; kind < classes; kind++) {
      const given = reshaped(node, sliced(node, scores, 1, kind, 1), [boxes]);
      const [indices, , count] = node.computeAll(nonMaxSuppression, [own, given, ...limits], { most });
      found.push(reshaped(node, indices, [1, most]));
      counts.push(reshaped(node, count, [1, 1]));
    }
  }
  const joined = (values: readonly Value[]) =>
    values.length === 1 ? values[0] : node.compute(concat, values, { axis: 0 });
  return { indices: joined(found), counts: joined(counts) };
}

/** The next number above the threshold: an overlap reaches it where it exceeds the threshold. */
function overlapLimit(node: SourceNode): Value {
  const of = formulaOf(node);
  const threshold = scalar(node, 3, 0);
  return of(maximum, of(add, threshold, of(mul, threshold, nextAbove)), leastNormal);
}

/** A number in a vector or scalar that may be left out. */
function scalar(node: SourceNode, index: number, otherwise: number): Value {
  return node.has(index) ? reshaped(node, node.input(index), []) : node.scalar(otherwise);
}

/** Two corners of each box, [images, boxes, 4]. */
function cornersOf(node: SourceNode): Value {
  if (!node.attributes.flag("center_point_box", false)) return node.input(0);
  const of = formulaOf(node);
  const [center, size] = [0, 2].map((start) => sliced(node, node.input(0), 2, start, 2));
  const half = of(div, size, 2);
  return node.compute(concat, [of(sub, center, half), of(add, center, half)], { axis: 2 });
}

export const suppressions: Readonly<Record<string, Importer>> = { NonMaxSuppression: suppression };
