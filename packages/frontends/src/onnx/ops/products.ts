import { elementCount, type Shape, type Value } from "@millrace/ir";
import { add, linear, matmul, mul, sum, transpose } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { plain } from "./elementwise.ts";
import { asVector, isWeights, reshaped, scaled, transposedMatrix } from "./weights.ts";

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
function matrixProduct(node: SourceNode): Value {
  const [a, b] = [node.input(0), node.weights(1)];
  const [left, right] = [a.type.shape, b.type.shape];
  if (left.length === 0 || right.length === 0) return node.invalid("an input is a single number");
  if (right.length === 2 && a.type.dtype === "f32" && isWeights(node, b))
    return node.emit(linear, [a, transposedMatrix(node, b)], plain);
  const rows = left.length === 1 ? reshaped(node, a, [1, ...left]) : a;
  const columns = right.length === 1 ? reshaped(node, b, [...right, 1]) : b;
  const product = node.emit(matmul, [rows, columns], { transposeA: false, transposeB: false });
  if (left.length > 1 && right.length > 1) return product;
  const { shape } = product.type;
  const kept = shape.filter(
    (_, axis) =>
      !(left.length === 1 && axis === shape.length - 2) && !(right.length === 1 && axis === shape.length - 1),
  );
  return reshaped(node, product, kept);
}

/** A sum of products of one or two inputs, as `bij,jk->bik` names their axes: one matrix product between rearrangements. */
function einsum(node: SourceNode): Value {
  const equation = node.attributes.text("equation").replaceAll(" ", "");
  const [terms, result = implicitResult(equation)] = equation.split("->");
  const labels = terms.split(",").map((term) => [...term]);
  const all = [...labels, [...result]];
  if (
    labels.length > 2 ||
    labels.length !== node.inputs.length ||
    all.some((term) => new Set(term).size < term.length || term.includes("."))
  )
    node.unsupported(`equation is ${equation}`, "Use one or two inputs, each axis once and by its own letter.");
  labels.forEach((term, index) => {
    if (term.length !== node.shape(index).length)
      node.invalid(`equation is ${equation}, and input ${index} has ${node.shape(index).length} axes`);
  });
  const [a, b] = labels.map((term, index) =>
    summed(node, node.input(index), term, [...result, ...(labels[1 - index] ?? [])]),
  );
  const product = b ? labelledProduct(node, a, b, result) : a;
  return arranged(node, product, [...result]).value;
}

interface Labelled {
  readonly value: Value;
  /** The letter of each axis. */
  readonly labels: readonly string[];
}

/** The value summed over axes that nothing else names. */
function summed(node: SourceNode, value: Value, labels: readonly string[], named: readonly string[]): Labelled {
  const axes = [...labels.keys()].filter((axis) => !named.includes(labels[axis]));
  if (axes.length === 0) return { value, labels };
  return {
    value: node.compute(sum, [value], { axes, keepDims: false }),
    labels: labels.filter((label) => named.includes(label)),
  };
}

function labelledProduct(node: SourceNode, a: Labelled, b: Labelled, result: string): Labelled {
  const shared = a.labels.filter((label) => b.labels.includes(label));
  const [batch, depth] = [
    shared.filter((label) => result.includes(label)),
    shared.filter((label) => !result.includes(label)),
  ];
  const rows = a.labels.filter((label) => !shared.includes(label));
  const columns = b.labels.filter((label) => !shared.includes(label));
  const left = arranged(node, a, [...batch, ...rows, ...depth]);
  const right = arranged(node, b, [...batch, ...depth, ...columns]);
  const sizes = (from: Labelled, labels: readonly string[]): Shape =>
    labels.map((label) => from.value.type.shape[from.labels.indexOf(label)]);
  const matrix = (from: Labelled, first: readonly string[], second: readonly string[]) =>
    reshaped(node, from.value, [
      ...sizes(from, batch),
      elementCount(sizes(from, first)),
      elementCount(sizes(from, second)),
    ]);
  const factors = [matrix(left, rows, depth), matrix(right, depth, columns)];
  const product = node.emit(matmul, factors, { transposeA: false, transposeB: false });
  const shape = [...sizes(left, [...batch, ...rows]), ...sizes(right, columns)];
  return { value: reshaped(node, product, shape), labels: [...batch, ...rows, ...columns] };
}

function arranged(node: SourceNode, { value, labels }: Labelled, order: readonly string[]): Labelled {
  const permutation = order.map((label) => labels.indexOf(label));
  if (permutation.includes(-1) || order.length !== labels.length)
    node.invalid("equation names an axis of the result that no input has");
  if (permutation.every((from, to) => from === to)) return { value, labels };
  return { value: node.compute(transpose, [value], { permutation }), labels: order };
}

/** Without an arrow the result has every letter that occurs once, in the order of the alphabet. */
function implicitResult(equation: string): string {
  const letters = [...equation.replaceAll(",", "")];
  return letters
    .filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter))
    .sort()
    .join("");
}

export const products: Readonly<Record<string, Importer>> = { Gemm: gemm, MatMul: matrixProduct, Einsum: einsum };
