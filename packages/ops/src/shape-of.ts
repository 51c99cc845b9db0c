import { tensorOf } from "@millrace/ir";
import { integer } from "./attributes.ts";
import { defineOp, one } from "./define.ts";
import { f32, i64 } from "./literal.ts";

/** The sizes of axes start to end (exclusive) of x as an i64 vector. */
export const shapeOf = defineOp({
  name: "shapeOf",
  inputs: { x: one() },
  attributes: { start: integer, end: integer },
  quantization: { kind: "index" },
  check: [
    [
      "start and end are in order and within the rank of x",
      ({ x }, { start, end }) => 0 <= start && start <= end && end <= x.type.shape.length,
    ],
  ],
  infer: (_, { start, end }) => ({ dtype: "i64", shape: [end - start] }),
  evaluate({ x }, { start, end }) {
    const sizes = BigInt64Array.from(x.shape.slice(start, end), BigInt);
    return tensorOf("i64", [sizes.length], sizes);
  },
  samples: [
    { name: "whole", attributes: { start: 0, end: 2 }, inputs: [f32([[1, 2, 3]])], outputs: [i64([1, 3])] },
    { name: "last", attributes: { start: 1, end: 2 }, inputs: [f32([[1, 2, 3]])], outputs: [i64([3])] },
  ],
});
