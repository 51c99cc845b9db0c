import { type Graph, isIdentityPermutation, type Node, type Shape, type Value } from "@millrace/ir";
import { matmul, reshape, transpose } from "@millrace/ops";
import { computed, removeNodes, replaceNode } from "../edit.ts";
import { producedBy, rewrite } from "../rewrite.ts";
import type { Reordered } from "./balance.ts";

/** What a factor is before its last two axes are exchanged: a value, after a transpose that is left and maybe a reshape. */
interface Factor extends Reordered {
  readonly shape?: Shape;
}

interface Folding {
  readonly factors: readonly (Factor | undefined)[];
}

/** The last two sizes exchanged. */
function exchanged<T>(list: readonly T[]): readonly T[] {
  return [...list.slice(0, -2), list[list.length - 1], list[list.length - 2]];
}

/** A factor that a transpose gives, which brings the last axis forward; a reshape that leaves the last two axes alone may follow. */
function unexchanged(factor: Value): Factor | undefined {
  const shaped = producedBy(factor, reshape);
  const node = producedBy(shaped?.inputs[0] ?? factor, transpose);
  if (node === undefined) return undefined;
  const { permutation } = transpose.attributesOf(node);
  const rank = permutation.length;
  if (rank < 2 || permutation[rank - 2] !== rank - 1) return undefined;
  const left = { value: node.inputs[0]!, permutation: exchanged(permutation) };
  if (shaped === undefined) return left;
  const { shape } = factor.type;
  const apart = shape.slice(-2).join() === node.outputs[0].type.shape.slice(-2).join();
  return apart ? { ...left, shape: exchanged(shape) } : undefined;
}

/** The factor as the product reads it from now on. */
function readFactor(graph: Graph, node: Node, { value, permutation, shape }: Factor): Value {
  const still = isIdentityPermutation(permutation);
  const moved = still ? value : computed(graph, node, transpose, value, { permutation });
  return shape ? computed(graph, node, reshape, moved, { shape }) : moved;
}

/** Lets a product exchange the last two axes of a factor itself, where a transpose before it took the last axis out of its place. */
export const foldIntoMatmul = rewrite<Folding>("fold-into-matmul", {
  roots: [matmul],
  find(node) {
    if (node.inputs.some((value) => value?.type.quantization)) return undefined;
    const factors = node.inputs.map((value) => unexchanged(value!));
    return factors.some(Boolean) ? { factors } : undefined;
  },
  replace({ factors }, node, graph) {
    const { transposeA, transposeB } = matmul.attributesOf(node);
    const [left, right] = factors.map((factor) => factor !== undefined);
    const makers = node.inputs.flatMap((value) => value?.producer ?? []);
    replaceNode(graph, node, {
      inputs: node.inputs.map((value, index) => (factors[index] ? readFactor(graph, node, factors[index]) : value)),
      attributes: { transposeA: transposeA !== left, transposeB: transposeB !== right },
    });
    removeNodes(graph, makers);
  },
  examples: [
    {
      name: "an exchange of the last two axes",
      before: `
        input a: f32[2,3]
        input b: f32[4,3]
        t: f32[3,4] = transpose(b) {permutation=[1,0]}
        y: f32[2,4] = matmul(a, t) {transposeA=false, transposeB=false}
        output y`,
      after: `
        input a: f32[2,3]
        input b: f32[4,3]
        y: f32[2,4] = matmul(a, b) {transposeA=false, transposeB=true}
        output y`,
    },
    {
      name: "heads that are split off keys, whose sizes stay last",
      before: `
        input a: f32[2,4,5,3]
        input b: f32[2,6,4,3]
        t: f32[2,4,3,6] = transpose(b) {permutation=[0,2,3,1]}
        y: f32[2,4,5,6] = matmul(a, t) {transposeA=false, transposeB=false}
        output y`,
      after: `
        input a: f32[2,4,5,3]
        input b: f32[2,6,4,3]
        b_transpose: f32[2,4,6,3] = transpose(b) {permutation=[0,2,1,3]}
        y: f32[2,4,5,6] = matmul(a, b_transpose) {transposeA=false, transposeB=true}
        output y`,
    },
    {
      name: "an exchange before a reshape",
      before: `
        input a: f32[1,4,5,3]
        input b: f32[4,6,3]
        t: f32[4,3,6] = transpose(b) {permutation=[0,2,1]}
        r: f32[1,4,3,6] = reshape(t) {shape=[1,4,3,6]}
        y: f32[1,4,5,6] = matmul(a, r) {transposeA=false, transposeB=false}
        output y`,
      after: `
        input a: f32[1,4,5,3]
        input b: f32[4,6,3]
        b_reshape: f32[1,4,6,3] = reshape(b) {shape=[1,4,6,3]}
        y: f32[1,4,5,6] = matmul(a, b_reshape) {transposeA=false, transposeB=true}
        output y`,
    },
    {
      name: "a transpose that leaves the last axis in its place",
      before: `
        input a: f32[2,4,5,3]
        input b: f32[2,6,4,3]
        t: f32[2,4,6,3] = transpose(b) {permutation=[0,2,1,3]}
        y: f32[2,4,5,6] = matmul(a, t) {transposeA=false, transposeB=true}
        output y`,
    },
  ],
});
