import {
  type Attributes,
  elementCount,
  entryShape,
  fromNumbers,
  numbersOf,
  type Operator,
  type Quantization,
  type Shape,
  sameShape,
  type Value,
} from "@millrace/ir";
import { dequantize, linear, matmul, mul, reshape, slice, sum, transpose, transposeTensor } from "@millrace/ops";
import type { SourceNode } from "../source-node.ts";

/** Whether a value holds weights: constants, or constants behind a dequantize. */
export function isWeights(node: SourceNode, value: Value): boolean {
  return node.isConstant(value) || integersOf(value) !== undefined;
}

/** `value` under another shape; a constant is viewed, not copied. */
export function reshaped(node: SourceNode, value: Value, shape: Shape): Value {
  const staysAt = (axis: number) => sameShape(shape.slice(0, axis + 1), value.type.shape.slice(0, axis + 1));
  return rearranged(node, value, reshape, { shape }, (axis) => (staysAt(axis) ? axis : undefined));
}

/** Part of a value along one axis, which it must have; of a constant at once. */
export function sliced(node: SourceNode, value: Value, axis: number, start: number, size: number): Value {
  const { shape } = value.type;
  if (axis >= shape.length)
    return node.invalid(`"${value.name}" has ${shape.length} axes, and is read along axis ${axis}`);
  if (shape[axis] === size) return value;
  const attributes = {
    starts: shape.map((_, at) => (at === axis ? start : 0)),
    sizes: shape.with(axis, size),
    steps: shape.map(() => 1),
  };
  return rearranged(node, value, slice, attributes, (at) => (at === axis ? undefined : at));
}

/** The value with its axes in another order; of weights only once for each order, of integers behind a dequantize at once. */
export function permuted(node: SourceNode, value: Value, permutation: readonly number[]): Value {
  if (integersOf(value)) return permutedWeights(node, value, permutation);
  const compute = () => node.compute(transpose, [value], { permutation });
  return node.isConstant(value) ? node.once(value, `transposed by ${permutation}`, compute) : compute();
}

/** The matrix with its axes exchanged; constants at once. */
export function transposedMatrix(node: SourceNode, value: Value): Value {
  return permutedWeights(node, value, [1, 0]);
}

function permutedWeights(node: SourceNode, value: Value, permutation: readonly number[]): Value {
  return node.once(value, `permuted by ${permutation}`, () =>
    rearranged(node, value, transpose, { permutation }, (axis) => permutation.indexOf(axis)),
  );
}

/** x · weights: a fully connected layer where a matrix of weights stands on the right. */
export function weightedProduct(node: SourceNode, x: Value, weights: Value): Value {
  const isLayer = weights.type.shape.length === 2 && x.type.dtype === "f32" && isWeights(node, weights);
  return isLayer
    ? node.emit(linear, [x, transposedMatrix(node, weights)], { activation: "none" })
    : matrixProduct(node, x, weights);
}

/** a · b of matrices in any axes before; integers of 64 bits, which no product of matrices computes with, as sums of products. */
export function matrixProduct(node: SourceNode, a: Value, b: Value): Value {
  if (a.type.dtype !== "i64" || b.type.dtype !== "i64")
    return node.emit(matmul, [a, b], { transposeA: false, transposeB: false });
  const [columns, rows] = [[...a.type.shape, 1], b.type.shape.toSpliced(-2, 0, 1)];
  const products = node.compute(mul, [reshaped(node, a, columns), reshaped(node, b, rows)], { activation: "none" });
  return node.compute(sum, [products], { axes: [products.type.shape.length - 2], keepDims: false });
}

/** `factor` times the constant `value`. */
export function scaled(node: SourceNode, value: Value, factor: number): Value {
  if (factor === 1) return value;
  return node.once(value, `scaled by ${factor}`, () => {
    const tensor = node.constantTensor(value, "the scaled input");
    node.reserve(tensor.data.byteLength);
    const numbers = Float64Array.from(numbersOf(tensor), (number) => number * factor);
    return node.constant(fromNumbers(tensor.dtype, tensor.shape, numbers));
  });
}

/** The constant `value` as a vector of `count` elements if it has as many along its last axis, or one for all. */
export function asVector(node: SourceNode, value: Value, count: number): Value | undefined {
  const { shape } = value.type;
  const size = elementCount(shape);
  if (size === count && shape.at(-1) === count) return shape.length === 1 ? value : reshaped(node, value, [count]);
  if (size !== 1 || !node.isConstant(value)) return undefined;
  const tensor = node.constantTensor(value, "the bias");
  return node.constant(fromNumbers(tensor.dtype, [count], new Array<number>(count).fill(numbersOf(tensor)[0])));
}

/** A constant, also one behind a dequantize, is rearranged at once unless its quantized axis has no place in the result. */
function rearranged(
  node: SourceNode,
  value: Value,
  op: Operator,
  attributes: Attributes,
  moved: (axis: number) => number | undefined,
): Value {
  if (value.constant) return node.rearrange(op, value, attributes);
  const integers = integersOf(value);
  if (integers === undefined) return node.compute(op, [value], attributes);
  const quantization = movedQuantization(integers, op, attributes, moved);
  if (quantization === undefined) return node.compute(op, [value], attributes);
  return node.emit(dequantize, [node.quantized(node.rearrange(op, integers, attributes), quantization)!], {});
}

/** How rearranged integers stand for reals; undefined where their quantized axis, or its blocks, have no place in the result. */
function movedQuantization(
  { type: { shape, quantization } }: Value,
  op: Operator,
  attributes: Attributes,
  moved: (axis: number) => number | undefined,
): Quantization | undefined {
  const { scale, zeroPoint, axis, block } = quantization!;
  if (axis === undefined) return quantization;
  const newAxis = moved(axis);
  if (newAxis === undefined || (block !== undefined && op !== transpose)) return undefined;
  if (block === undefined) return { scale, zeroPoint, axis: newAxis };
  const entries = entryShape(shape, quantization!);
  const turned = (numbers: readonly number[]) => {
    const tensor = fromNumbers("f64", entries, numbers);
    return Array.from(numbersOf(transposeTensor(tensor, attributes["permutation"] as readonly number[])));
  };
  return { scale: turned(scale), zeroPoint: turned(zeroPoint), axis: newAxis, block };
}

/** The integer constant that `value` is dequantized from. */
function integersOf({ producer }: Value): Value | undefined {
  if (producer?.op !== dequantize) return undefined;
  return producer.inputs[0]?.constant && producer.inputs[0];
}
