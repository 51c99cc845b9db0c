import { type Dimension, divideDimensions, multiplyDimensions, type Value } from "@millrace/ir";
import {
  add,
  attention,
  concat,
  div,
  equal,
  matmul,
  mul,
  reduceMax,
  select,
  softmax,
  tanh,
  transpose,
} from "@millrace/ops";
import type { SourceNode } from "../source-node.ts";
import { plain } from "./elementwise.ts";
import { reshaped } from "./weights.ts";

/** Attention of queries [batch, heads, length, size] to keys and values [batch, key heads, span, size]. */
export interface Attention {
  readonly query: Value;
  /** One head may serve several of the query's, which then stand beside each other. */
  readonly key: Value;
  readonly value: Value;
  readonly scale: number;
  /** Scores are kept within about ±softcap by tanh; 0 for not at all. */
  readonly softcap: number;
  /** Added to the scores, broadcast to [batch, heads, length, span]; -∞ masks a score. */
  readonly bias?: Value | undefined;
  /** Whether the bias may mask all scores of a row. */
  readonly masksRows?: boolean;
  /** Changes the scores before they are normalized. */
  readonly changeScores?: ((scores: Value) => Value) | undefined;
  /** Changes the shares that the values get. */
  readonly changeShares?: ((shares: Value) => Value) | undefined;
}

/** What attention computes on the way, in order, and its result [batch, heads, length, value size]. */
export interface Steps {
  readonly scores: Value;
  readonly capped: Value;
  readonly biased: Value;
  readonly shares: Value;
  readonly result: Value;
}

/** softmax(softcap · tanh(scale · Q Kᵀ / softcap) + bias) V; a row whose scores are all masked gets no value at all. */
export function attend(node: SourceNode, asked: Attention): Value {
  const { query, key, value, scale, bias, masksRows } = asked;
  if (!isOneOperator(asked)) return attendInSteps(node, asked).result;
  const rest = bias ? [key, value, bias] : [key, value];
  const result = inGroups(node, query, key, (queries) => node.compute(attention, [queries, ...rest], { scale }));
  return bias && masksRows ? withoutMaskedRows(node, result, bias) : result;
}

/** Whether it is what the operator says: heads that share keys stand under each other there, so that a bias can't differ by head or query. */
function isOneOperator({ query, key, scale, softcap, bias, changeScores, changeShares }: Attention): boolean {
  if (!(scale > 0) || softcap > 0 || changeScores || changeShares) return false;
  const isSame = bias?.type.shape.slice(-3, -1).every((count) => count === 1) ?? true;
  return isSame || query.type.shape[1] === key.type.shape[1];
}

/** The same, where more than the result is wanted or the operator for it does not do. */
export function attendInSteps(node: SourceNode, asked: Attention): Steps {
  const { query, key, value, scale, softcap, bias, masksRows, changeScores, changeShares } = asked;
  const scaled = scale === 1 ? query : node.compute(mul, [query, node.scalar(scale)], plain);
  const scores = groupedProduct(node, scaled, key, true);
  const capped = softcap > 0 ? cappedScores(node, scores, softcap) : scores;
  const biased = bias ? node.compute(add, [capped, bias], plain) : capped;
  const changed = changeScores?.(biased) ?? biased;
  const normalized = node.compute(softmax, [changed], { axis: changed.type.shape.length - 1, beta: 1 });
  const unmasked = bias && masksRows ? withoutMaskedRows(node, normalized, bias) : normalized;
  const shares = changeShares?.(unmasked) ?? unmasked;
  return { scores, capped, biased, shares, result: groupedProduct(node, shares, value, false) };
}

function cappedScores(node: SourceNode, scores: Value, softcap: number): Value {
  const cap = node.scalar(softcap);
  return node.compute(mul, [node.compute(tanh, [node.compute(div, [scores, cap], plain)], {}), cap], plain);
}

/** A product in which each head on the right serves a group of heads on the left. */
export function groupedProduct(node: SourceNode, left: Value, right: Value, transposeB: boolean): Value {
  return inGroups(node, left, right, (a) => node.compute(matmul, [a, right], { transposeA: false, transposeB }));
}

/** What is computed of heads on the left with those on the right: the rows of heads that share one are put under each other for it. */
function inGroups(node: SourceNode, left: Value, right: Value, compute: (stacked: Value) => Value): Value {
  const [batch, heads, length, depth] = left.type.shape;
  const shared = right.type.shape[1];
  if (heads === shared) return compute(left);
  if (typeof heads !== "number" || typeof shared !== "number" || heads % shared !== 0)
    return node.invalid(`the ${heads} heads of its query are no multiple of the ${shared} of its keys and values`);
  const stacked = compute(reshaped(node, left, [batch, shared, multiplyDimensions(length, heads / shared), depth]));
  return reshaped(node, stacked, [batch, heads, length, stacked.type.shape[3]]);
}

/** Softmax makes no number of a row of -∞; such rows of shares, or of what comes of them, become 0. */
function withoutMaskedRows(node: SourceNode, rows: Value, bias: Value): Value {
  const greatest = node.compute(reduceMax, [bias], { axes: [bias.type.shape.length - 1], keepDims: true });
  const masked = node.compute(equal, [greatest, node.scalar(Number.NEGATIVE_INFINITY)], {});
  if (masked.constant && !masked.constant.data.some(Boolean)) return rows;
  return node.compute(select, [masked, node.scalar(0), rows], {});
}

/** [batch, length, heads · size] as [batch, heads, length, size]. */
export function splitHeads(node: SourceNode, value: Value, heads: number): Value {
  const [batch, length, width] = value.type.shape;
  if (heads <= 0 || (typeof width === "number" && width % heads !== 0))
    return node.invalid(`the last axis of "${value.name}" has size ${width}, which ${heads} heads can't share`);
  const size: Dimension = divideDimensions(width, heads);
  const split = reshaped(node, value, [batch, length, heads, size]);
  return node.compute(transpose, [split], { permutation: [0, 2, 1, 3] });
}

/** [batch, heads, length, size] as [batch, length, heads · size]. */
export function joinHeads(node: SourceNode, value: Value): Value {
  const [batch, heads, length, size] = value.type.shape;
  const together = node.compute(transpose, [value], { permutation: [0, 2, 1, 3] });
  return reshaped(node, together, [batch, length, multiplyDimensions(heads, size)]);
}

/** Keys or values of earlier steps, if there are any, before those of this one. */
export function withPast(node: SourceNode, past: Value | undefined, present: Value): Value {
  return past ? node.compute(concat, [past, present], { axis: 2 }) : present;
}
