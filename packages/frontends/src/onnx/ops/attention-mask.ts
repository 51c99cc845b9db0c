import { type Dimension, type DType, elementCount, fromNumbers, isStatic, type Shape, type Value } from "@millrace/ir";
import { add, less, pad, select, sub } from "@millrace/ops";
import type { SourceNode } from "../source-node.ts";
import { plain } from "./elementwise.ts";
import { reshaped } from "./weights.ts";

/** 0 where `kept` is true, -∞ where it is false. */
export function maskBias(node: SourceNode, kept: Value): Value {
  return node.compute(select, [kept, node.scalar(0), node.scalar(Number.NEGATIVE_INFINITY)], {});
}

/** A mask as the bias it stands for: true or 0 keeps a score. One that ends early masks the scores after its end. */
export function biasOf(node: SourceNode, mask: Value, span: Dimension): Value {
  const bias = mask.type.dtype === "bool" ? maskBias(node, mask) : mask;
  const { shape } = bias.type;
  const width = shape.at(-1) ?? 1;
  if (node.opset < 24 || typeof width !== "number" || typeof span !== "number" || width >= span) return bias;
  const before = shape.map(() => 0);
  const after = before.with(-1, span - width);
  return node.compute(pad, [bias], { before, after, mode: "constant", value: Number.NEGATIVE_INFINITY });
}

/**
 * Whether a query may look at a key: not at those that come after it. Query i stands at position i + `offset`, which is a number or, for
 * each entry of the batch, an element of a value [batch]. The result is [length, span] or [batch, 1, length, span].
 */
export function causalMask(node: SourceNode, length: Dimension, span: Dimension, offset: number | Value): Value {
  const dtype = typeof offset === "number" ? "i32" : offset.type.dtype;
  const keys = positions(node, dtype, [1, span]);
  if (typeof offset === "number")
    return node.compute(less, [keys, positions(node, dtype, [length, 1], offset + 1)], {});
  const first = reshaped(node, offset, [offset.type.shape[0], 1, 1, 1]);
  const ends = node.compute(add, [first, positions(node, dtype, [length, 1], 1)], plain);
  return node.compute(less, [keys, ends], {});
}

/** Whether a key is among the first `counts` [batch] of its entry of the batch: [batch, 1, 1, span]. */
export function lengthMask(node: SourceNode, span: Dimension, counts: Value): Value {
  const [batch] = counts.type.shape;
  const keys = positions(node, counts.type.dtype, [span]);
  return node.compute(less, [keys, reshaped(node, counts, [batch, 1, 1, 1])], {});
}

/** The numbers from `first` on, in a constant of the shape. */
function positions(node: SourceNode, dtype: DType, shape: Shape, first = 0): Value {
  const count = elementCount(shape);
  if (!isStatic(shape) || typeof count !== "number")
    return node.unsupported(`the length ${count} of a sequence is open, and a mask depends on it`, `Give ${count}.`);
  node.reserve(8 * count);
  return node.constant(
    fromNumbers(
      dtype,
      shape,
      Float64Array.from({ length: count }, (_, index) => first + index),
    ),
  );
}

/** Position of the first of `length` queries, the last of which stands at the last of `counts` [batch] keys. */
export function firstPosition(node: SourceNode, counts: Value, length: Dimension): Value {
  if (typeof length === "string")
    return node.unsupported(`the length ${length} of its query is open`, `Give ${length}.`);
  return node.compute(sub, [counts, node.scalar(length, counts.type.dtype)], plain);
}

/** The sum of the terms that are there. */
export function sumOf(node: SourceNode, terms: readonly (Value | undefined)[]): Value | undefined {
  return terms
    .filter((term) => term !== undefined)
    .reduce<Value | undefined>((sum, term) => (sum ? node.compute(add, [sum, term], plain) : term), undefined);
}
