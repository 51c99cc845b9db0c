import { onlyUse } from "@millrace/ir";
import { matmul, transpose } from "@millrace/ops";
import { replaceNode } from "../edit.ts";
import { producedBy, rewrite } from "../rewrite.ts";

/** Whether a permutation exchanges the last two axes and leaves all others. */
function exchangesLast(permutation: readonly number[]): boolean {
  const last = permutation.length - 1;
  return permutation.every((from, to) => from === (to < last - 1 ? to : 2 * last - 1 - to));
}

/** Exchanges the factors of a product whose rows and columns are exchanged afterwards: (a · b)ᵀ = bᵀ · aᵀ. */
export const exchangeFactors = rewrite("exchange-factors", {
  roots: [transpose],
  find(node) {
    const { permutation } = transpose.attributesOf(node);
    const product = producedBy(node.inputs[0], matmul);
    if (product === undefined || onlyUse(product.outputs[0]) === undefined) return undefined;
    const isReal = [...product.inputs, ...product.outputs].every((value) => value?.type.quantization === undefined);
    return isReal && permutation.length >= 2 && exchangesLast(permutation) ? { product } : undefined;
  },
  replace({ product }, node, graph) {
    const { a, b } = matmul.inputsOf(product);
    const { transposeA, transposeB } = matmul.attributesOf(product);
    const attributes = { transposeA: !transposeB, transposeB: !transposeA };
    replaceNode(graph, node, { op: matmul, inputs: [b, a], attributes }, [product]);
  },
  examples: [
    {
      name: "scores of keys and queries",
      before: `
        input k: f32[2,5,3]
        input q: f32[2,4,3]
        s: f32[2,5,4] = matmul(k, q) {transposeA=false, transposeB=true} from [product]
        t: f32[2,4,5] = transpose(s) {permutation=[0,2,1]} from [exchange]
        output t`,
      after: `
        input k: f32[2,5,3]
        input q: f32[2,4,3]
        t: f32[2,4,5] = matmul(q, k) {transposeA=false, transposeB=true} from [product, exchange]
        output t`,
    },
    {
      name: "a product that is read as it is too",
      before: `
        input k: f32[5,3]
        input q: f32[3,4]
        s: f32[5,4] = matmul(k, q) {transposeA=false, transposeB=false}
        t: f32[4,5] = transpose(s) {permutation=[1,0]}
        output s
        output t`,
    },
    {
      name: "an exchange of other axes",
      before: `
        input k: f32[2,5,3]
        input q: f32[2,3,4]
        s: f32[2,5,4] = matmul(k, q) {transposeA=false, transposeB=false}
        t: f32[5,2,4] = transpose(s) {permutation=[1,0,2]}
        output t`,
    },
  ],
});
