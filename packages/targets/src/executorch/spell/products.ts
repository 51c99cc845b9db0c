import type { Graph, Node, Value } from "@millrace/ir";
import { asymmetricLinear, expand, linear, matmul, reshape, transpose } from "@millrace/ops";
import { type Edit, edit, rewrite, sizesOf } from "@millrace/passes";

const count = (sizes: readonly number[]) => sizes.reduce((product, size) => product * size, 1);

/** Layers of any number of axes become those of rows. */
export const flattenLinear = rewrite("edge-flatten-linear", {
  roots: [linear, asymmetricLinear],
  find: ({ op, inputs: [x] }) => (x!.type.shape.length !== 2 || op === asymmetricLinear ? { x: x! } : undefined),
  replace({ x }, node, graph) {
    const { step, finish } = edit(graph, node);
    const sizes = sizesOf(x);
    const [result] = node.outputs;
    const operands = node.inputs.slice(1);
    const rows = step(reshape, [x], { shape: [count(sizes.slice(0, -1)), sizes[sizes.length - 1]] }, x.type);
    const products = step(linear, [rows, ...operands], node.attributes, result.type);
    finish(reshape, [products], { shape: result.type.shape });
  },
});

/** The factor with its last two axes exchanged if `exchanged`, the axes before them filled to `batch` and joined to one. */
function stack(step: Edit["step"], factor: Value, exchanged: boolean, batch: readonly number[]): Value {
  const rank = factor.type.shape.length;
  const permutation = [...Array.from({ length: rank - 2 }, (_, axis) => axis), rank - 1, rank - 2];
  const turned = exchanged ? step(transpose, [factor], { permutation }, factor.type) : factor;
  const matrix = sizesOf(turned).slice(-2);
  const whole = [...batch, ...matrix];
  const isFilled = count(sizesOf(turned)) === count(whole);
  const filled = isFilled ? turned : step(expand, [turned], { shape: whole }, factor.type);
  const shape = [count(batch), ...matrix];
  return filled.type.shape.length === 3 ? filled : step(reshape, [filled], { shape }, factor.type);
}

function isPlain(node: Node): boolean {
  const { transposeA, transposeB } = matmul.attributesOf(node);
  const [a, b] = node.inputs.map((value) => sizesOf(value!));
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
    const batch = sizesOf(result).slice(0, -2);
    const factors = [stack(step, a, transposeA, batch), stack(step, b, transposeB, batch)];
    const product = { transposeA: false, transposeB: false };
    if (result.type.shape.length === 3) return finish(matmul, factors, product);
    finish(reshape, [step(matmul, factors, product, result.type)], { shape: result.type.shape });
  },
});
