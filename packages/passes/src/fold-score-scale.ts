import { type Node, onlyUse, type Value } from "@millrace/ir";
import { add, matmul, softmax } from "@millrace/ops";
import { replaceNode } from "./edit.ts";
import { producedBy, rewrite } from "./rewrite.ts";
import { dropFactor, factorsOf, maskOver, productOf, type Scaled } from "./score-factors.ts";

interface Folding {
  readonly scaled: readonly Scaled[];
  /** A constant that is added to the scores after they are scaled. */
  readonly mask?: { readonly node: Node; readonly index: number; readonly value: Value };
}

/** The constant that is added to the scores, if there is one. */
function maskOf(value: Value): Folding["mask"] {
  const node = producedBy(value, add);
  if (node === undefined || onlyUse(value) === undefined || add.attributesOf(node).activation !== "none")
    return undefined;
  const index = node.inputs.findIndex((each) => each?.constant?.dtype === "f32");
  return index < 0 ? undefined : { node, index, value: node.inputs[index]! };
}

/**
 * Takes constant factors of scores, or of the two factors of the product that gives them, into the softmax that reads them:
 * softmax(s · (q · kᵀ) + mask) = softmax with beta s of (q · kᵀ + mask / s).
 */
export const foldScoreScale = rewrite<Folding>("fold-score-scale", {
  roots: [softmax],
  find(node) {
    const [scores] = node.inputs as readonly Value[];
    const mask = maskOf(scores);
    const { scaled, source } = factorsOf(mask ? mask.node.inputs[1 - mask.index]! : scores);
    const product = onlyUse(source) && producedBy(source, matmul);
    const factors = product ? product.inputs.flatMap((value) => factorsOf(value!).scaled) : [];
    const all = [...scaled, ...factors];
    return all.length > 0 ? { scaled: all, ...(mask && { mask }) } : undefined;
  },
  replace({ scaled, mask }, node, graph) {
    const factor = productOf(scaled);
    for (const each of scaled) dropFactor(graph, each);
    const { axis, beta } = softmax.attributesOf(node);
    if (mask) {
      const tensor = maskOver(mask.value.constant!, factor);
      const same = tensor.data.every((number, at) => number === mask.value.constant!.data[at]);
      if (!same) graph.setInput(mask.node, mask.index, graph.addConstant(mask.value.name, tensor));
    }
    replaceNode(graph, node, { attributes: { axis, beta: beta * factor } });
  },
  examples: [
    {
      name: "scores that are scaled before a mask",
      before: `
        input q: f32[1,3]
        input k: f32[2,3]
        s: f32[1,2] = matmul(q, k) {transposeA=false, transposeB=true}
        constant c: f32[1] = [0.5]
        d: f32[1,2] = mul(s, c) {activation=none}
        constant mask: f32[2] = [0, -4]
        m: f32[1,2] = add(d, mask) {activation=none}
        y: f32[1,2] = softmax(m) {axis=1, beta=1}
        output y`,
      after: `
        input q: f32[1,3]
        input k: f32[2,3]
        s: f32[1,2] = matmul(q, k) {transposeA=false, transposeB=true}
        constant mask: f32[2] = [0, -8]
        m: f32[1,2] = add(s, mask) {activation=none}
        y: f32[1,2] = softmax(m) {axis=1, beta=0.5}
        output y`,
    },
    {
      name: "queries and keys that are scaled both",
      before: `
        input q: f32[1,3]
        input k: f32[2,3]
        constant c: f32[1] = [0.5]
        a: f32[1,3] = mul(q, c) {activation=none}
        b: f32[2,3] = mul(c, k) {activation=none}
        t: f32[3,2] = transpose(b) {permutation=[1,0]}
        s: f32[1,2] = matmul(a, t) {transposeA=false, transposeB=false}
        y: f32[1,2] = softmax(s) {axis=1, beta=1}
        output y`,
      after: `
        input q: f32[1,3]
        input k: f32[2,3]
        t: f32[3,2] = transpose(k) {permutation=[1,0]}
        s: f32[1,2] = matmul(q, t) {transposeA=false, transposeB=false}
        y: f32[1,2] = softmax(s) {axis=1, beta=0.25}
        output y`,
    },
    {
      name: "a mask that is computed",
      before: `
        input s: f32[1,2]
        input mask: f32[1,2]
        constant c: f32[1] = [0.5]
        d: f32[1,2] = mul(s, c) {activation=none}
        m: f32[1,2] = add(d, mask) {activation=none}
        y: f32[1,2] = softmax(m) {axis=1, beta=1}
        output y`,
    },
  ],
});
