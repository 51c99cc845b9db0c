import { type Dimension, divideDimensions, multiplyDimensions, type Value } from "@millrace/ir";
import { add, concat, logicalAnd, logicalNot, notEqual, select, transpose } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { attend, joinHeads, splitHeads, withPast } from "./attention-core.ts";
import { causalMask, lengthMask, sumOf } from "./attention-mask.ts";
import { plain } from "./elementwise.ts";
import { dequantized } from "./quantization-parameters.ts";
import { reshaped, sliced, weightedProduct } from "./weights.ts";

/** Queries, keys and values with an axis for the heads, and what is added to their scores. */
interface Parts {
  readonly query: Value;
  readonly key: Value;
  readonly value: Value;
  readonly mask: Value | undefined;
  readonly bias: Value | undefined;
  /** Keys that stand before the first that belongs to the queries. */
  readonly past: Dimension;
}

/** onnxruntime adds a great negative number to masked scores, so that a row whose scores are all masked is as if none was. */
function attended(node: SourceNode, { query, key, value, mask, bias, past }: Parts): Value {
  const { attributes } = node;
  const [batch, , length, size] = query.type.shape;
  const span = key.type.shape[2];
  const filter = attributes.real("mask_filter_value", -10000);
  const scale = attributes.real("scale", 0);
  if (typeof size === "string")
    return node.unsupported(`the size ${size} of a head is open`, `Give the size of ${size}.`);
  const added = (kept: Value) => node.compute(select, [kept, node.scalar(0), node.scalar(filter)], {});
  const causal = attributes.flag("unidirectional", false)
    ? causalMask(node, length, span, knownPast(node, past))
    : undefined;
  const kept = mask && keptKeys(node, mask, batch, span);
  const total = sumOf(node, [bias, kept && added(kept), causal && added(causal)]);
  const attention = { query, key, value, scale: scale === 0 ? 1 / Math.sqrt(size) : scale, softcap: 0 };
  return joinHeads(node, attend(node, { ...attention, bias: total }));
}

function knownPast(node: SourceNode, past: Dimension): number {
  return typeof past === "number"
    ? past
    : node.unsupported(`the number ${past} of earlier keys is open`, `Give the size of ${past}.`);
}

/** Whether a key is looked at. A mask holds ends for each entry of the batch, starts behind them, or a number for each key or score. */
function keptKeys(node: SourceNode, mask: Value, batch: Dimension, span: Dimension): Value {
  const { shape } = mask.type;
  if (shape.length === 1 && shape[0] === batch) return lengthMask(node, span, mask);
  if (shape.length === 1 && typeof batch === "number" && shape[0] === 2 * batch) {
    const [ends, starts] = [0, batch].map((start) => lengthMask(node, span, sliced(node, mask, 0, start, batch)));
    return node.compute(logicalAnd, [ends, node.compute(logicalNot, [starts], {})], {});
  }
  if (shape.length !== 2 && shape.length !== 3)
    return node.unsupported(`its mask has the shape [${shape}]`, "Give a mask for each key, or the number of keys.");
  const kept = node.compute(notEqual, [mask, node.scalar(0, mask.type.dtype)], {});
  return reshaped(node, kept, shape.length === 2 ? [shape[0], 1, 1, shape[1]] : [shape[0], 1, shape[1], shape[2]]);
}

/** Parts of the last axis, of the sizes given. */
function parts(node: SourceNode, value: Value, sizes: readonly number[]): readonly Value[] {
  const axis = value.type.shape.length - 1;
  return sizes.map((size, at) =>
    sliced(
      node,
      value,
      axis,
      sizes.slice(0, at).reduce((sum, before) => sum + before, 0),
      size,
    ),
  );
}

/** Attention of data to themselves: one product makes queries, keys and values. Earlier keys and values stand in one input [2, …]. */
function selfAttention(
  node: SourceNode,
  x: Value,
  weights: Value,
  bias: Value | undefined,
  at: { readonly mask: number; readonly past: number; readonly bias?: Value | undefined },
) {
  const { attributes } = node;
  for (const name of ["do_rotary", "past_present_share_buffer"])
    if (attributes.flag(name, false)) node.unsupported(`${name} is 1`, "Export the model without it.");
  const width = weights.type.shape[1];
  if (typeof width !== "number") return node.unsupported("the size of its weights is open", "Make them constants.");
  const sizes = attributes.integers("qkv_hidden_sizes") ?? [width / 3, width / 3, width / 3];
  const product = weightedProduct(node, x, weights);
  const heads = attributes.integer("num_heads");
  const made = parts(node, bias ? node.compute(add, [product, bias], plain) : product, sizes);
  const [query, ...present] = made.map((value) => splitHeads(node, value, heads));
  const past = node.optional(at.past);
  const earlier =
    past && [0, 1].map((index) => reshaped(node, sliced(node, past, 0, index, 1), past.type.shape.slice(1)));
  const [key, value] = present.map((value, index) => withPast(node, earlier?.[index], value));
  const result = attended(node, {
    query,
    key,
    value,
    mask: node.optional(at.mask),
    bias: at.bias,
    past: past ? past.type.shape[3] : 0,
  });
  if (!node.wants(1)) return [result];
  const stacked = [key, value].map((value) => reshaped(node, value, [1, ...value.type.shape]));
  return [result, node.compute(concat, stacked, { axis: 0 })];
}

const attention: Importer = (node) => {
  if (node.has(6)) node.unsupported("the length of what is past is an input", "Give past keys of that length.");
  return selfAttention(node, node.input(0), node.input(1), node.optional(2), {
    mask: 3,
    past: 4,
    bias: node.optional(5),
  });
};

/** Data and weights are quantized; the bias is not. Scales and zero points stand behind all three. */
const quantizedAttention: Importer = (node) => {
  const [x, weights] = [0, 1].map((index) =>
    dequantized(node, node.input(index), {
      scale: node.input(3 + index),
      zeroPoint: node.optional(6 + index),
      axis: -1,
      blockSize: 0,
    }),
  );
  return selfAttention(node, x, weights, node.optional(2), { mask: 5, past: 8 });
};

/** Several of queries, keys and values beside each other: [batch, length, heads, count, size] as `count` of [batch, heads, length, size]. */
function unpacked(node: SourceNode, packed: Value): readonly Value[] {
  const [batch, length, heads, count, size] = packed.type.shape;
  return Array.from({ length: count as number }, (_, at) => {
    const one = reshaped(node, sliced(node, packed, 3, at, 1), [batch, length, heads, size]);
    return node.compute(transpose, [one], { permutation: [0, 2, 1, 3] });
  });
}

/** Attention whose queries, keys and values are given, in one input or in several, and get a bias. */
const multiHeadAttention: Importer = (node) => {
  const heads = node.attributes.integer("num_heads");
  const given = [0, 1, 2].flatMap((index) => {
    const value = node.optional(index);
    if (value === undefined) return [];
    const rank = value.type.shape.length;
    return rank === 5 ? unpacked(node, value) : [rank === 4 ? value : splitHeads(node, value, heads)];
  });
  if (given.length !== 3) return node.invalid(`it has ${given.length} of query, key and value`);
  const widths = given.map(({ type }) => multiplyDimensions(heads, type.shape[3]));
  const bias = node.optional(3);
  const shifts = bias && parts(node, bias, widths as number[]);
  const [query, ...present] = given.map((value, index) => {
    if (!shifts) return value;
    const shift = reshaped(node, shifts[index], [heads, 1, divideDimensions(widths[index], heads)]);
    return node.compute(add, [value, shift], plain);
  });
  const [key, value] = present.map((value, index) => withPast(node, node.optional(6 + index), value));
  const past = node.has(6) ? node.shape(6)[2] : 0;
  const result = attended(node, { query, key, value, mask: node.optional(4), bias: node.optional(5), past });
  return [result, key, value];
};

/** Attention layers as onnxruntime fuses them. */
export const microsoftAttentions: Readonly<Record<string, Importer>> = {
  "com.microsoft.Attention": attention,
  "com.microsoft.QAttention": quantizedAttention,
  "com.microsoft.MultiHeadAttention": multiHeadAttention,
};
