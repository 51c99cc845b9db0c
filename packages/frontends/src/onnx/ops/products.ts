import type { Value } from "@millrace/ir";
import { add, linear, matmul, mul, transpose } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { plain } from "./elementwise.ts";
import { asVector, isWeights, matrixProduct, reshaped, scaled, transposedMatrix, weightedProduct } from "./weights.ts";

/** alpha · A' · B' + beta · C, where ' transposes if its flag says so. */
function gemm(node: SourceNode): Value {
  const { attributes } = node;
  const [alpha, beta] = [attributes.real("alpha", 1), attributes.real("beta", 1)];
  const [transposeA, transposeB] = [attributes.flag("transA", false), attributes.flag("transB", false)];
  const [a, b] = [node.input(0), node.weights(1)];
  attributes.ignore("broadcast");
  for (const { type } of [a, b])
    if (type.shape.length !== 2) node.invalid(`an input has ${type.shape.length} axes, not 2`);
  const offset = node.has(2) ? multiplied(node, node.weights(2), beta) : undefined;
  if (!isWeights(node, b) || (alpha !== 1 && !node.isConstant(b))) {
    const product = multiplied(node, node.emit(matmul, [a, b], { transposeA, transposeB }), alpha);
    return offset ? node.compute(add, [product, offset], plain) : product;
  }
  const x = transposeA ? node.compute(transpose, [a], { permutation: [1, 0] }) : a;
  const weights = scaled(node, transposeB ? b : transposedMatrix(node, b), alpha);
  const bias = offset && asVector(node, offset, weights.type.shape[0] as number);
  const product = node.emit(linear, [x, weights, ...(bias ? [bias] : [])], plain);
  return offset && !bias ? node.compute(add, [product, offset], plain) : product;
}

function multiplied(node: SourceNode, value: Value, factor: number): Value {
  if (factor === 1) return value;
  return node.isConstant(value) ? scaled(node, value, factor) : node.compute(mul, [value, node.scalar(factor)], plain);
}

/** A matrix of weights on the right makes a fully connected layer; a vector is a matrix of one row (left) or column (right). */
function anyProduct(node: SourceNode): Value {
  const [a, b] = [node.input(0), node.weights(1)];
  const [left, right] = [a.type.shape, b.type.shape];
  if (left.length === 0 || right.length === 0) return node.invalid("an input is a single number");
  if (right.length === 2 && a.type.dtype === "f32" && isWeights(node, b)) return weightedProduct(node, a, b);
  const rows = left.length === 1 ? reshaped(node, a, [1, ...left]) : a;
  const columns = right.length === 1 ? reshaped(node, b, [...right, 1]) : b;
  const product = matrixProduct(node, rows, columns);
  if (left.length > 1 && right.length > 1) return product;
  const { shape } = product.type;
  const kept = shape.filter(
    (_, axis) =>
      !(left.length === 1 && axis === shape.length - 2) && !(right.length === 1 && axis === shape.length - 1),
  );
  return reshaped(node, product, kept);
}

export const products: Readonly<Record<string, Importer>> = { Gemm: gemm, MatMul: anyProduct };
