import { type Graph, isFloat, type Node, sameShape, type Tensor, type Value } from "@millrace/ir";
import { dequantize, expand, linear, matmul, reshape, transpose, transposeTensor } from "@millrace/ops";
import { computed, replaceNode } from "./edit.ts";
import { permutedType } from "./layout/permuted-value.ts";
import { rewrite } from "./rewrite.ts";

interface Found {
  readonly x: Value;
  /** A matrix, or a constant that repeats one along its first axes, which `matrix` is then. */
  readonly weights: Value;
  readonly matrix: Tensor | undefined;
}

/** What a factor repeats along its axes before the last two. */
function repeatedBy(factor: Value): Value {
  const matrix = factor.type.shape.slice(-2);
  let value = factor;
  for (let node = value.producer; node?.op === reshape || node?.op === expand; node = value.producer) {
    const [source] = node.inputs;
    if (!sameShape(source!.type.shape.slice(-2), matrix)) break;
    value = source!;
  }
  return value;
}

/** The first matrix of a constant; undefined if others follow that differ from it. */
function onlyMatrix({ dtype, shape, data }: Tensor): Tensor | undefined {
  const matrix = shape.slice(-2);
  const size = matrix[0] * matrix[1];
  for (let at = size; at < data.length; at++) if (data[at] !== data[at - size]) return undefined;
  return data.length < size ? undefined : { dtype, shape: matrix, data: data.subarray(0, size) };
}

/** The integers, in a matrix without blocks, that a value is dequantized from. */
function integersOf({ type, producer }: Value): Value | undefined {
  const stored = producer?.op === dequantize ? producer.inputs[0] : undefined;
  const isPlain = type.shape.length === 2 && stored?.constant && stored.type.quantization?.block === undefined;
  return isPlain ? stored : undefined;
}

/** A matrix with its axes exchanged; of integers behind a dequantize, these. */
function exchanged(graph: Graph, node: Node, matrix: Value): Value {
  const permutation = [1, 0];
  const stored = integersOf(matrix);
  if (stored === undefined) return computed(graph, node, transpose, matrix, { permutation });
  const { quantization } = permutedType(stored.type, permutation);
  const turned = graph.addConstant(stored.name, transposeTensor(stored.constant!, permutation), quantization);
  return computed(graph, node, dequantize, turned, {});
}

/** Makes a linear layer of a product whose right factor repeats one matrix of weights for all of a batch, whatever its size. */
export const productToLayer = rewrite<Found>("product-to-layer", {
  roots: [matmul],
  find(node: Node) {
    const [a, b] = node.inputs as readonly [Value, Value];
    const [result] = node.outputs;
    if (matmul.attributesOf(node).transposeA || a.constant || b.type.shape.length < 3) return undefined;
    if ([a, b, result].some(({ type }) => type.quantization || !isFloat(type.dtype))) return undefined;
    if (!sameShape(a.type.shape.slice(0, -1), result.type.shape.slice(0, -1))) return undefined;
    const weights = repeatedBy(b);
    const matrix = weights.constant && onlyMatrix(weights.constant);
    return matrix || integersOf(weights) ? { x: a, weights, matrix } : undefined;
  },
  replace({ x, weights, matrix }, node, graph) {
    const isRepeated = matrix !== undefined && weights.type.shape.length > 2;
    const columns = isRepeated ? graph.addConstant(weights.name, matrix) : weights;
    const rows = matmul.attributesOf(node).transposeB ? columns : exchanged(graph, node, columns);
    replaceNode(graph, node, { op: linear, inputs: [x, rows], attributes: { activation: "none" } });
  },
  examples: [
    {
      name: "weights that are repeated for a batch of any size",
      before: `
        input x: f32[n,1,2]
        constant w: f32[2,1] = [1, 2]
        e: f32[n,2,1] = expand(w) {shape=[n,2,1]}
        y: f32[n,1,1] = matmul(x, e) {transposeA=false, transposeB=false} from [layer]
        output y`,
      after: `
        input x: f32[n,1,2]
        constant w: f32[2,1] = [1, 2]
        w_transpose: f32[1,2] = transpose(w) {permutation=[1,0]} from [layer]
        y: f32[n,1,1] = linear(x, w_transpose) {activation=none} from [layer]
        output y`,
    },
    {
      name: "a constant of matrices that are all the same",
      before: `
        input x: f32[2,1,2]
        constant w: f32[2,1,2] = [1, 2, 1, 2]
        y: f32[2,1,1] = matmul(x, w) {transposeA=false, transposeB=true}
        output y`,
      after: `
        input x: f32[2,1,2]
        constant w: f32[1,2] = [1, 2]
        y: f32[2,1,1] = linear(x, w) {activation=none}
        output y`,
    },
    {
      name: "weights of integers, each column with a scale",
      before: `
        input x: f32[2,1,2]
        constant w: i8[2,2]<scale=[0.5,1], zeroPoint=[0,0], axis=1> = [1, 2, 3, 4]
        r: f32[2,2] = dequantize(w)
        e: f32[2,2,2] = expand(r) {shape=[2,2,2]}
        y: f32[2,1,2] = matmul(x, e) {transposeA=false, transposeB=false} from [layer]
        output y`,
      after: `
        input x: f32[2,1,2]
        constant w_1: i8[2,2]<scale=[0.5,1], zeroPoint=[0,0], axis=0> = [1, 3, 2, 4]
        w_1_dequantize: f32[2,2] = dequantize(w_1) from [layer]
        y: f32[2,1,2] = linear(x, w_1_dequantize) {activation=none} from [layer]
        output y`,
    },
    {
      name: "matrices that differ",
      before: `
        input x: f32[2,1,2]
        constant w: f32[2,1,2] = [1, 2, 1, 3]
        y: f32[2,1,1] = matmul(x, w) {transposeA=false, transposeB=true}
        output y`,
    },
    {
      name: "data that are repeated for the matrices",
      before: `
        input x: f32[1,2]
        constant w: f32[2,1,2] = [1, 2, 1, 2]
        y: f32[2,1,1] = matmul(x, w) {transposeA=false, transposeB=true}
        output y`,
    },
  ],
});
