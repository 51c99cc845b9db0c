import { elementCount, mayEqual, type Tensor, tensorOf } from "@millrace/ir";
import { dimensions } from "./attributes.ts";
import { defineOp, one } from "./define.ts";
import { bool, i64 } from "./literal.ts";
import { requireStated } from "./sizes.ts";

/** Coordinates of the elements that are not zero, one row after the other. */
function coordinatesOf({ data, shape }: Tensor): BigInt64Array<ArrayBuffer> {
  const found = Array.from(data.keys()).filter((at) => data[at]);
  const coordinates = new BigInt64Array(found.length * shape.length);
  for (let axis = shape.length - 1, step = 1; axis >= 0; step *= shape[axis], axis--) {
    found.forEach((at, row) => {
      coordinates[row * shape.length + axis] = BigInt(Math.floor(at / step) % shape[axis]);
    });
  }
  return coordinates;
}

/**
 * Where a condition holds: int64 coordinates of its true elements, a row for each in their order. `shape` is that of the result:
 * how many rows there are, which is a symbol of the node's own where only the data decides it, and the number of axes.
 */
export const where = defineOp({
  name: "where",
  inputs: { condition: one("bool") },
  attributes: { shape: dimensions },
  quantization: { kind: "index" },
  check: [
    [
      "shape has a number of rows and the number of axes of the condition",
      ({ condition }, { shape }) => shape.length === 2 && shape[1] === condition.type.shape.length,
    ],
    [
      "there are no more rows than elements",
      ({ condition }, { shape: [rows] }) => {
        const most = elementCount(condition.type.shape);
        return mayEqual(rows, most) || rows < most;
      },
    ],
  ],
  infer: (_, { shape }) => ({ dtype: "i64", shape }),
  largest: ({ condition }) => [[elementCount(condition.type.shape), condition.type.shape.length]],
  evaluate({ condition }, { shape }) {
    const rank = condition.shape.length;
    const coordinates = coordinatesOf(condition);
    const found = [rank === 0 ? Number(condition.data[0]) : coordinates.length / rank, rank];
    requireStated("where", found, shape);
    return tensorOf("i64", found, coordinates);
  },
  samples: [
    {
      name: "two of four",
      attributes: { shape: [2, 2] },
      inputs: [
        bool([
          [0, 1],
          [1, 0],
        ]),
      ],
      outputs: [
        i64([
          [0, 1],
          [1, 0],
        ]),
      ],
    },
    {
      name: "as many as there are",
      attributes: { shape: ["count", 1] },
      inputs: [bool([1, 0, 1])],
      outputs: [i64([[0], [2]])],
    },
  ],
});
