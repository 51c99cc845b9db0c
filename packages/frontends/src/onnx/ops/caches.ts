import { type DType, elementCount, fromNumbers, type Value } from "@millrace/ir";
import {
  cast,
  concat,
  conv2d,
  equal,
  floorMod,
  greaterEqual,
  less,
  logicalAnd,
  matmul,
  mul,
  pad,
  select,
  sigmoid,
  sub,
} from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { formulaOf } from "./formula.ts";
import { asPlane, fromPlane } from "./spatial.ts";
import { reshaped, sliced } from "./weights.ts";

/** A convolution of each channel with what came before: the end of the earlier data, or zeros. The end of these is the next state. */
function causalConvolution(node: SourceNode): readonly Value[] {
  const { attributes } = node;
  const activation = attributes.text("activation", "none");
  if (!["none", "silu", "swish"].includes(activation)) node.invalid(`activation is ${activation}`);
  const weights = node.weights(1);
  const [channels, , size] = weights.type.shape;
  const length = node.shape(0)[2];
  if (typeof channels !== "number" || typeof size !== "number" || typeof length !== "number")
    return node.unsupported("a size of its data or weights is open", "Give the sizes of the inputs.");
  const whole = withPast(node, size - 1);
  const inputs = [asPlane(node, whole), asPlane(node, weights), ...(node.has(2) ? [node.weights(2)] : [])];
  const result = node.emit(conv2d, inputs, {
    stride: [1, 1],
    dilation: [1, 1],
    padding: [0, 0, 0, 0],
    groups: channels,
    layout: "first",
    activation: "none",
  });
  const flat = fromPlane(node, result, 1);
  const of = formulaOf(node);
  return [activation === "none" ? flat : of(mul, flat, of(sigmoid, flat)), sliced(node, whole, 2, length, size - 1)];
}

function withPast(node: SourceNode, count: number): Value {
  if (count === 0) return node.input(0);
  if (node.has(3)) return node.compute(concat, [node.input(3), node.input(0)], { axis: 2 });
  return node.compute(pad, [node.input(0)], { before: [0, 0, count], after: [0, 0, 0], mode: "constant", value: 0 });
}

/**
 * Writes an update into a cache from a place on, which may differ for each entry of the batch; a circular one goes on at its start. Every
 * place of the cache chooses between what it holds and the row of the update that falls on it.
 */
function tensorScatter(node: SourceNode): Value {
  const [cache, update] = [node.input(0), node.input(1)];
  const { shape, dtype } = cache.type;
  const axis = node.axis(node.attributes.integer("axis", -2), shape.length);
  const mode = node.attributes.text("mode", "linear");
  if (mode !== "linear" && mode !== "circular") node.invalid(`mode is ${mode}`);
  if (axis === 0) node.invalid("its axis is that of the batch");
  const [places, rows] = [shape[axis], update.type.shape[axis]];
  if (typeof places !== "number" || typeof rows !== "number")
    return node.unsupported("a size of its cache or update is open", "Give the sizes of the inputs.");
  const flat = (value: Value) => {
    const sizes = value.type.shape;
    return reshaped(node, value, [
      sizes[0],
      elementCount(sizes.slice(1, axis)),
      sizes[axis],
      elementCount(sizes.slice(axis + 1)),
    ]);
  };
  const row = rowsAt(node, places, mode === "circular");
  const of = formulaOf(node);
  const isWritten = of(less, row, rows);
  const chosen = mode === "circular" ? isWritten : of(logicalAnd, isWritten, of(greaterEqual, row, 0));
  const spread = rows === 1 ? flat(update) : spreadRows(node, flat(update), row, rows, dtype);
  return reshaped(node, of(select, chosen, spread, flat(cache)), shape);
}

/** For each place of the cache, the row of the update that falls on it, if it is one: [batch, 1, places, 1]. */
function rowsAt(node: SourceNode, places: number, isCircular: boolean): Value {
  const of = formulaOf(node);
  const all = counting(node, places, [1, 1, places, 1]);
  if (!node.has(2)) return all;
  const first = node.compute(cast, [node.input(2)], { to: "i32" });
  const row = of(sub, all, reshaped(node, first, [first.type.shape[0], 1, 1, 1]));
  return isCircular ? of(floorMod, row, places) : row;
}

/** The rows of the update at the places they fall on, as a product with a matrix of zeros and ones. */
function spreadRows(node: SourceNode, update: Value, row: Value, rows: number, dtype: DType): Value {
  const falls = formulaOf(node)(equal, row, counting(node, rows, [1, 1, 1, rows]));
  const choice = node.compute(cast, [falls], { to: dtype });
  return node.compute(matmul, [choice, update], { transposeA: false, transposeB: false });
}

function counting(node: SourceNode, count: number, shape: readonly number[]): Value {
  node.reserve(4 * count);
  return node.constant(
    fromNumbers(
      "i32",
      shape,
      Int32Array.from({ length: count }, (_, index) => index),
    ),
  );
}

/** Operators that keep the end of what they saw for the next run. */
export const caches: Readonly<Record<string, Importer>> = {
  CausalConvWithState: causalConvolution,
  TensorScatter: tensorScatter,
};
