import {
  broadcastShapes,
  type Dimension,
  elementCount,
  fromNumbers,
  mayEqual,
  numbersOf,
  type Shape,
  type Transposed,
  type Value,
} from "@millrace/ir";
import { flag } from "./attributes.ts";
import { forEachBroadcast } from "./broadcast.ts";
import { defineOp, one } from "./define.ts";
import { f32 } from "./literal.ts";
import { knownCount } from "./sizes.ts";

/** Batch sizes, rows and columns of a factor as it is multiplied. */
function factor(shape: Shape, transposed: boolean): { batch: Shape; rows: Dimension; columns: Dimension } {
  const [rows, columns] = shape.slice(-2);
  const batch = shape.slice(0, -2);
  return transposed ? { batch, rows: columns, columns: rows } : { batch, rows, columns };
}

/**
 * Products of matrices that stand in the last two axes, y[…, i, j] = Σ a[…, i, k] · b[…, k, j]; the axes before them
 * broadcast. transposeA and transposeB exchange a factor's last two axes first. Both factors have at least two axes.
 */
export const matmul = defineOp({
  name: "matmul",
  inputs: { a: one("f32", "i8", "u8", "i16", "i32"), b: one("f32", "i8", "u8", "i16", "i32") },
  attributes: { transposeA: flag, transposeB: flag },
  quantization: { kind: "free" },
  check: [
    ["a and b have at least two axes", ({ a, b }) => a.type.shape.length >= 2 && b.type.shape.length >= 2],
    [
      "the columns of a are as many as the rows of b",
      ({ a, b }, { transposeA, transposeB }) =>
        mayEqual(factor(a.type.shape, transposeA).columns, factor(b.type.shape, transposeB).rows),
    ],
    [
      "the axes before the last two broadcast",
      ({ a, b }) => broadcastShapes(a.type.shape.slice(0, -2), b.type.shape.slice(0, -2)) !== undefined,
    ],
  ],
  infer({ a, b }, { transposeA, transposeB }) {
    const [left, right] = [factor(a.type.shape, transposeA), factor(b.type.shape, transposeB)];
    const batch = broadcastShapes(left.batch, right.batch)!;
    return { dtype: a.type.dtype, shape: [...batch, left.rows, right.columns] };
  },
  macs: ({ a }, output, { transposeA }) => knownCount([...output.type.shape, factor(a.type.shape, transposeA).columns]),
  transposed: ({ b }, attributes, permutation) => permutedProduct(b, attributes, permutation),
  evaluate({ a, b }, { transposeA, transposeB }, [output]) {
    const shape = output.shape as readonly number[];
    const [rows, columns] = shape.slice(-2);
    const depth = factor(a.shape, transposeA).columns as number;
    const [left, right] = [numbersOf(a), numbersOf(b)];
    const [leftRow, leftStep] = transposeA ? [1, rows] : [depth, 1];
    const [rightColumn, rightStep] = transposeB ? [depth, 1] : [1, columns];
    const result = new Float64Array(elementCount(shape));
    forEachBroadcast(shape.slice(0, -2), [a.shape.slice(0, -2), b.shape.slice(0, -2)], (batch, [atLeft, atRight]) => {
      let target = batch * rows * columns;
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          let from = atLeft * rows * depth + i * leftRow;
          let to = atRight * depth * columns + j * rightColumn;
          let sum = 0;
          for (let k = 0; k < depth; k++, from += leftStep, to += rightStep) sum += left[from] * right[to];
          result[target++] = sum;
        }
      }
    });
    return fromNumbers(output.dtype, shape, result);
  },
  samples: [
    {
      name: "rows times columns",
      attributes: { transposeA: false, transposeB: false },
      inputs: [
        f32([
          [1, 2, 3],
          [4, 5, 6],
        ]),
        f32([
          [1, 0],
          [0, 1],
          [2, 2],
        ]),
      ],
      outputs: [
        f32([
          [7, 8],
          [16, 17],
        ]),
      ],
    },
    {
      name: "both transposed",
      attributes: { transposeA: true, transposeB: true },
      inputs: [
        f32([[1], [2]]),
        f32([
          [3, 4],
          [5, 6],
          [0, 1],
        ]),
      ],
      outputs: [f32([[11, 17, 2]])],
    },
    {
      name: "one matrix for each of a batch",
      attributes: { transposeA: false, transposeB: false },
      inputs: [f32([[[1, 2]], [[3, 4]], [[5, 6]]]), f32([[1], [10]])],
      outputs: [f32([[[21]], [[43]], [[65]]])],
    },
    {
      name: "batches paired",
      attributes: { transposeA: false, transposeB: true },
      inputs: [f32([[[1, 2]], [[3, 4]]]), f32([[[1, 1]], [[2, 0]]])],
      outputs: [f32([[[3]], [[6]]])],
    },
  ],
});

/** Permuted batch axes move through the product if b can follow; exchanged rows and columns of a become transposeA. */
function permutedProduct(
  b: Value,
  attributes: { readonly transposeA: boolean; readonly transposeB: boolean },
  permutation: readonly number[],
): Transposed | undefined {
  const rank = permutation.length;
  const [row, column] = [rank - 2, rank - 1];
  const exchanged = permutation[row] === column && permutation[column] === row;
  if (!exchanged && (permutation[row] !== row || permutation[column] !== column)) return undefined;
  const batch = permutation.slice(0, -2);
  const still = batch.every((from, to) => from === to);
  const alone = b.type.shape.length === 2;
  if (!still && !alone && b.type.shape.length !== rank) return undefined;
  const moved = [...batch, row, column];
  return {
    attributes: { ...attributes, transposeA: attributes.transposeA !== exchanged },
    inputs: [permutation, still || alone ? undefined : moved],
    outputs: [still ? undefined : moved],
  };
}
