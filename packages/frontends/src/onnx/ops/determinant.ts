import { elementCount, fromNumbers, type Value } from "@millrace/ir";
import { abs, argMax, cast, div, equal, mul, select, slice, sub, sum } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { formulaOf } from "./formula.ts";
import { reshaped } from "./weights.ts";

/** Each row takes a dozen nodes. */
const maximumSize = 64;

/** The determinant of square matrices by elimination, row by row, with the greatest pivot of each column. */
function determinant(node: SourceNode): Value {
  const { shape } = node.input(0).type;
  const [rows, columns] = shape.slice(-2);
  if (typeof rows !== "number" || rows !== columns) return node.invalid(`its matrices are ${rows} by ${columns}`);
  if (rows < 1 || rows > maximumSize) node.unsupported(`its matrices have ${rows} rows`, `Use 1 to ${maximumSize}.`);
  const count = elementCount(shape.slice(0, -2));
  let rest = reshaped(node, node.input(0), [count, rows, rows]);
  let product: Value | undefined;
  for (let size = rows; size > 1; size--) {
    const { pivot, remainder } = eliminated(node, rest, size);
    product = product ? formulaOf(node)(mul, product, pivot) : pivot;
    rest = remainder;
  }
  return reshaped(node, product ? formulaOf(node)(mul, product, rest) : rest, shape.slice(0, -2));
}

/**
 * Matrices [count, size, size] with the row of the greatest first element in the place of the first row, which is taken away from the others:
 * that element with the sign of the exchange [count, 1, 1], and what is left of the other rows and columns.
 */
function eliminated(node: SourceNode, matrices: Value, size: number) {
  const of = formulaOf(node);
  const column = part(node, matrices, [0, 0], [size, 1]);
  const row = node.compute(argMax, [of(abs, column)], { axis: 1, keepDims: true, to: "i32" });
  const numbers = fromNumbers(
    "i32",
    [1, size, 1],
    Array.from({ length: size }, (_, index) => index),
  );
  const chosen = of(equal, node.constant(numbers), row);
  const mask = node.compute(cast, [chosen], { to: "f32" });
  const pivots = node.compute(sum, [of(select, chosen, matrices, 0)], { axes: [1], keepDims: true });
  const pivot = part(node, pivots, [0, 0], [1, 1]);
  const first = part(node, matrices, [0, 0], [1, size]);
  const others = of(
    select,
    part(node, chosen, [1, 0], [size - 1, 1]),
    first,
    part(node, matrices, [1, 0], [size - 1, size]),
  );
  const divisor = of(select, of(equal, pivot, 0), 1, pivot);
  const factors = of(div, part(node, others, [0, 0], [size - 1, 1]), divisor);
  const tail = part(node, pivots, [0, 1], [1, size - 1]);
  const remainder = of(sub, part(node, others, [0, 1], [size - 1, size - 1]), of(mul, factors, tail));
  const sign = of(sub, of(mul, part(node, mask, [0, 0], [1, 1]), 2), 1);
  return { pivot: of(mul, pivot, sign), remainder };
}

/** A block of each matrix. */
function part(
  node: SourceNode,
  x: Value,
  [row, column]: readonly [number, number],
  sizes: readonly [number, number],
): Value {
  const attributes = { starts: [0, row, column], sizes: [x.type.shape[0], ...sizes], steps: [1, 1, 1] };
  return node.compute(slice, [x], attributes);
}

export const determinants: Readonly<Record<string, Importer>> = { Det: determinant };
