import { fromNumbers, type Value } from "@millrace/ir";
import {
  add,
  cast,
  ceil,
  div,
  equal,
  floor,
  gather,
  greaterEqual,
  less,
  logicalAnd,
  maximum,
  minimum,
  mul,
  reduceMax,
  select,
  sub,
  transpose,
} from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { formulaOf } from "./formula.ts";
import { knownShape } from "./known-shape.ts";
import { reshaped, sliced } from "./weights.ts";

const least = -3.4028234663852886e38;

/** Maxima of the bins that regions [regions, 5] of image, left, top, right and bottom are divided into; 0 for an empty bin. */
function regionMaximum(node: SourceNode): Value {
  const of = formulaOf(node);
  const [, channels, height, width] = knownShape(node, node.shape(0));
  const [count] = knownShape(node, node.shape(1));
  const bins = node.attributes.integers("pooled_shape") ?? [];
  if (bins.length !== 2 || bins.some((size) => size < 1)) node.invalid(`pooled_shape is [${bins}]`);
  const [rows, columns] = bins;
  const image = node.compute(cast, [reshaped(node, columnOf(node, 0), [count])], { to: "i32" });
  const data = node.compute(gather, [node.input(0), image], { axis: 0 });
  const inColumns = reshaped(node, insideOf(node, 1, width, columns), [count, 1, columns, width]);
  const lines = reshaped(node, data, [count, channels * height, 1, width]);
  const byColumn = greatest(node, of(select, inColumns, lines, least));
  const turned = node.compute(transpose, [reshaped(node, byColumn, [count, channels, height, columns])], {
    permutation: [0, 1, 3, 2],
  });
  const inRows = reshaped(node, insideOf(node, 2, height, rows), [count, 1, rows, height]);
  const byRow = greatest(
    node,
    of(select, inRows, reshaped(node, turned, [count, channels * columns, 1, height]), least),
  );
  const maxima = node.compute(transpose, [reshaped(node, byRow, [count, channels, columns, rows])], {
    permutation: [0, 1, 3, 2],
  });
  return of(select, of(equal, maxima, least), 0, maxima);
}

function greatest(node: SourceNode, value: Value): Value {
  return node.compute(reduceMax, [value], { axes: [3], keepDims: false });
}

/** A column [regions, 1] of the regions. */
function columnOf(node: SourceNode, column: number): Value {
  return sliced(node, node.input(1), 1, column, 1);
}

/** Whether an element of an axis is in a bin of a region: [regions, bins, elements]. `start` is the column of its first element. */
function insideOf(node: SourceNode, start: number, size: number, bins: number): Value {
  const of = formulaOf(node);
  const [count] = knownShape(node, node.shape(1));
  const scale = node.attributes.real("spatial_scale", 1);
  const [first, last] = [start, start + 2].map((column) =>
    of(floor, of(add, of(mul, columnOf(node, column), scale), 0.5)),
  );
  const step = of(div, of(maximum, of(add, of(sub, last, first), 1), 1), bins);
  const numbers = (length: number, from: number) =>
    node.constant(
      fromNumbers(
        "f32",
        [1, length],
        Array.from({ length }, (_, at) => at + from),
      ),
    );
  const within = (value: Value) =>
    reshaped(node, of(minimum, of(maximum, of(add, value, first), 0), size), [count, bins, 1]);
  const from = within(of(floor, of(mul, step, numbers(bins, 0))));
  const to = within(of(ceil, of(mul, step, numbers(bins, 1))));
  node.reserve(16 * (bins + size));
  const elements = reshaped(node, numbers(size, 0), [1, 1, size]);
  return of(logicalAnd, of(greaterEqual, elements, from), of(less, elements, to));
}

export const regionMaxima: Readonly<Record<string, Importer>> = { MaxRoiPool: regionMaximum };
