import { type DType, fromNumbers, type Value } from "@millrace/ir";
import { cast } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { convolutions } from "./convolution.ts";
import { products } from "./products.ts";
import { dequantized, parametersAt, quantized } from "./quantization-parameters.ts";

/** The reals of the quantized input `index`, whose scale and zero point are the two inputs behind it. */
export function realInput(node: SourceNode, index: number, axis = -1): Value {
  return dequantized(node, node.input(index), parametersAt(node, index + 1, axis));
}

/** `result` in the parameters of the inputs `scale` and the one behind it, and of the type of that or of the first integers. */
export function storedResult(node: SourceNode, result: Value, scale: number, integers = 0): Value {
  const dtype: DType = node.optional(scale + 1)?.type.dtype ?? node.input(integers).type.dtype;
  return quantized(node, result, dtype, parametersAt(node, scale, -1));
}

/**
 * An operator on quantized data is one on reals between what stands for them: the reals of the inputs `data`, each with scale
 * and zero point behind it, and a result stored by the inputs `result` and the next.
 */
export function between(importer: Importer, data: readonly number[], result: number): Importer {
  return (node) => {
    const reals = data.map((index) => realInput(node, index));
    return storedResult(node, node.as(importer, ...reals), result, data[0]);
  };
}

/** int32 sums of products of two quantized inputs as reals: their scale is the product of both, their zero point 0. */
export function realBias(node: SourceNode, bias: Value, scales: readonly [Value, Value]): Value {
  const [data, weights] = scales.map((scale) => node.constantNumbers(scale, "a scale of its data and weights"));
  const scale = weights.map((step) => Math.fround(step * data[0]));
  const one = node.constant(fromNumbers("f32", scale.length > 1 ? [scale.length] : [], scale));
  return dequantized(node, bias, { scale: one, zeroPoint: undefined, axis: -1, blockSize: 0 });
}

function convolution(node: SourceNode): Value {
  const [x, weights] = [realInput(node, 0), realInput(node, 3, 0)];
  const bias = node.optional(8);
  const offset = bias ? [realBias(node, bias, [node.input(1), node.input(4)])] : [];
  return storedResult(node, node.as(convolutions["Conv"], x, weights, ...offset), 6);
}

/** Scales of a matrix are for all of it, for each row of the left one, or for each column of the right one. */
function matrixProduct(node: SourceNode): Value {
  const reals = [realInput(node, 0, -2), realInput(node, 3, -1)];
  return storedResult(node, node.as(products["MatMul"], ...reals), 6);
}

/** Integers less their zero points, as reals of the same size. */
function centered(node: SourceNode, index: number, zeroPoint: number, axis: number): Value {
  const value = node.optional(zeroPoint);
  const count = value?.type.shape.length === 1 ? value.type.shape[0] : 1;
  if (typeof count === "string")
    return node.unsupported("the number of its zero points is open", "Give it a fixed size.");
  const ones = fromNumbers("f32", count === 1 ? [] : [count], new Array<number>(count).fill(1));
  const parameters = { scale: node.constant(ones), zeroPoint: value, axis, blockSize: 0 };
  return dequantized(node, node.input(index), parameters);
}

/** int32 sums, which are exact as long as they have up to 24 bits. */
function integerSums(importer: Importer, axes: readonly [number, number]): Importer {
  return (node) => {
    const reals = axes.map((axis, index) => centered(node, index, index + 2, axis));
    return node.compute(cast, [node.as(importer, ...reals)], { to: "i32" });
  };
}

export const quantizedLayers: Readonly<Record<string, Importer>> = {
  QLinearConv: convolution,
  QLinearMatMul: matrixProduct,
  ConvInteger: integerSums(convolutions["Conv"], [-1, 0]),
  MatMulInteger: integerSums(products["MatMul"], [-2, -1]),
};
