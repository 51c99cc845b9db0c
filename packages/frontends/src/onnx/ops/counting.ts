import { elementCount, fromNumbers, type Value } from "@millrace/ir";
import type { SourceNode } from "../source-node.ts";

/** A constant of int32 numbers in steps, from `start` on, under the shape `shape`. */
export function counting(node: SourceNode, shape: readonly number[], { start = 0, step = 1 } = {}): Value {
  const count = elementCount(shape);
  node.reserve(16 * count);
  return node.constant(
    fromNumbers(
      "i32",
      shape,
      Array.from({ length: count }, (_, at) => start + at * step),
    ),
  );
}
