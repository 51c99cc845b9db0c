import { elementCount, type Graph, type Node, type Shape, type Value } from "@millrace/ir";
import { asymmetricLinear, expand, linear, matmul, reshape, transpose } from "@millrace/ops";
import { type Edit, edit, rewrite } from "@millrace/passes";

/** Layers of any number of axes become those of rows. */
export const flattenLinear = rewrite("edge-flatten-linear", {
  roots: [linear, asymmetricLinear],
  find: ({ op, inputs: [x] }) => (x!.type.shape.length !== 2 || op === asymmetricLinear ? { x: x! } : undefined),
  replace({ x }, node, graph) {
    const { step, finish } = edit(graph, node);
    const sizes = x.type.shape;
    const [result] = node.outputs;
    const operands = node.inputs.slice(1);
    const rows = step(reshape, [x], { shape: [elementCount(sizes.slice(0, -1)), sizes[sizes.length - 1]] }, x.type);
    const products = step(linear, [rows, ...operands], node.attributes, result.type);
    finish(reshape, [products], { shape: result.type.shape });
  },
});

/** The factor with its last two axes exchanged if `exchanged`, the axes before them filled to `batch` and joined to one. */
function stack(step: Edit["step"], factor: Value, exchanged: boolean, batch: Shape): Value {
  const rank = factor.type.shape.length;
  const permutation = [...Array.from({ length: rank - 2 }, (_, axis) => axis), rank - 1, rank - 2];
  const turned = exchanged ? step(transpose, [factor], { permutation }, factor.type) : factor;
  const matrix = turned.type.shape.slice(-2);
  const whole = [...batch, ...matrix];
  const isFilled = elementCount(turned.type.shape) === elementCount(whole);
  const filled = isFilled ? turned : step(expand, [turned], { shape: whole }, factor.type);
  const shape = [elementCount(batch), ...matrix];
  return filled.type.shape.length === 3 ? filled : step(reshape, [filled], { shape }, factor.type);
}

function isPlain(node: Node): boolean {
  const { transposeA, transposeB } = matmul.attributesOf(node);
  const [a, b] = node.inputs.map((value) => value!.type.shape);
  const isPaired = a.length === b.length && (a.length === 2 || (a.length === 3 && a[0] === b[0]));
  return !transposeA && !transposeB && isPaired;
}

/** Products of any batch become those of one stack of matrices with another. */
export const stackMatrices = rewrite("edge-stack-matrices", {
  roots: [matmul],
  find: (node) => (isPlain(node) ? undefined : matmul.attributesOf(node)),
  replace({ transposeA, transposeB }, node: Node, graph: Graph) {
    const { step, finish } = edit(graph, node);
    const [a, b] = node.inputs as readonly [Value, Value];
    const [result] = node.outputs;
    const batch = result.type.shape.slice(0, -2);
    const factors = [stack(step, a, transposeA, batch), stack(step, b, transposeB, batch)];
    const product = { transposeA: false, transposeB: false };
    if (result.type.shape.length === 3) return finish(matmul, factors, product);
    finish(reshape, [step(matmul, factors, product, result.type)], { shape: result.type.shape });
  },
});
