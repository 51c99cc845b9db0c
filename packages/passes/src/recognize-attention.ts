import { type Graph, type Node, onlyUse, sameShape, type Value } from "@millrace/ir";
import { add, attention, matmul, softmax } from "@millrace/ops";
import { replaceNode } from "./edit.ts";
import { producedBy, refuse, rewrite } from "./rewrite.ts";
import { dropFactor, factorsOf, maskOver, productOf, type Scaled, scaledBy } from "./score-factors.ts";
import { bothWays, operandsOf } from "./spread.ts";

/** A product of queries and transposed keys, and what is made of it before softmax. */
interface Scores {
  readonly product: Node;
  readonly scaled: readonly Scaled[];
  readonly mask?: Value;
}

interface Found extends Scores {
  readonly softmax: Node;
  readonly value: Value;
}

/** The product of queries and keys that makes a value, with a constant factor of it. */
function scaledProduct(value: Value): Scores | undefined {
  const scaled = scaledBy(value);
  const product = producedBy(scaled?.x ?? value, matmul);
  if (product === undefined) return undefined;
  const { transposeA, transposeB } = matmul.attributesOf(product);
  return transposeB && !transposeA ? { product, scaled: scaled ? [scaled] : [] } : undefined;
}

/** The same, where a mask may be added last. */
function scoresBehind(value: Value): Scores | undefined {
  for (const [scores, mask] of bothWays(operandsOf(value, add) ?? [])) {
    const found = sameShape(scores.type.shape, value.type.shape) && mask.type.dtype === "f32" && scaledProduct(scores);
    if (found) return { ...found, mask };
  }
  return scaledProduct(value);
}

/** What the values are multiplied with, if it is softmax of scores along their keys. */
function sharesBehind(value: Value): (Scores & { readonly softmax: Node }) | undefined {
  const node = producedBy(value, softmax);
  if (node === undefined || value.type.dtype !== "f32") return undefined;
  const { axis, beta } = softmax.attributesOf(node);
  const scores = scoresBehind(node.inputs[0]!);
  const computed = scores?.mask !== undefined && scores.mask.constant === undefined;
  if (scores === undefined || axis !== value.type.shape.length - 1 || (computed && beta !== 1)) return undefined;
  return { ...scores, softmax: node };
}

/** Whether something else reads a value on the way from the product to the shares. */
function isReadBetween({ product, scaled, softmax: node }: Found): boolean {
  const values = [product.outputs[0], ...scaled.map((each) => each.node.outputs[0]), ...node.inputs, node.outputs[0]];
  return values.some((value) => onlyUse(value!) === undefined);
}

/** The mask as it is added to scores outside of softmax. */
function outerMask(graph: Graph, mask: Value, beta: number): Value {
  return mask.constant && beta !== 1 ? graph.addConstant(mask.name, maskOver(mask.constant, 1 / beta)) : mask;
}

/** Makes one operator of attention that is written out: a product of queries and keys, softmax along the keys, a product with the values. */
export const recognizeAttention = rewrite<Found>("recognize-attention", {
  roots: [matmul],
  find(node) {
    const { transposeA, transposeB } = matmul.attributesOf(node);
    const { a, b } = matmul.inputsOf(node);
    const shares = transposeA || transposeB || b.type.dtype !== "f32" ? undefined : sharesBehind(a);
    if (shares === undefined) return undefined;
    const found = { ...shares, value: b };
    return isReadBetween(found) ? refuse("something else reads the scores of its attention too") : found;
  },
  replace({ product, scaled, mask, softmax: normalized, value }, node, graph) {
    const { beta } = softmax.attributesOf(normalized);
    const factors = [...scaled, ...product.inputs.flatMap((factor) => factorsOf(factor!).scaled)];
    for (const each of factors) dropFactor(graph, each);
    const [query, key] = product.inputs;
    const added = mask && outerMask(graph, mask, beta);
    const between = [product, ...scaled.map((each) => each.node), ...(mask ? [normalized.inputs[0]!.producer!] : [])];
    replaceNode(
      graph,
      node,
      {
        op: attention,
        inputs: added ? [query, key, value, added] : [query, key, value],
        attributes: { scale: beta * productOf(factors) },
      },
      [...between, normalized],
    );
  },
  examples: [
    {
      name: "scores that softmax scales, with a constant mask",
      before: `
        input q: f32[2,3,4]
        input k: f32[2,5,4]
        input v: f32[2,5,6]
        s: f32[2,3,5] = matmul(q, k) {transposeA=false, transposeB=true} from [scores]
        constant mask: f32[5] = [0, 0, 0, -8, -Infinity]
        m: f32[2,3,5] = add(mask, s) {activation=none} from [mask]
        p: f32[2,3,5] = softmax(m) {axis=2, beta=0.5} from [shares]
        y: f32[2,3,6] = matmul(p, v) {transposeA=false, transposeB=false} from [values]
        output y`,
      after: `
        input q: f32[2,3,4]
        input k: f32[2,5,4]
        input v: f32[2,5,6]
        constant mask: f32[5] = [0, 0, 0, -4, -Infinity]
        y: f32[2,3,6] = attention(q, k, v, mask) {scale=0.5} from [scores, mask, shares, values]
        output y`,
    },
    {
      name: "queries, keys and scores that are scaled before a mask that is computed",
      before: `
        input q: f32[3,4]
        input k: f32[5,4]
        input v: f32[5,6]
        input mask: f32[3,1]
        constant half: f32[] = [0.5]
        a: f32[3,4] = mul(q, half) {activation=none}
        b: f32[5,4] = mul(k, half) {activation=none}
        s: f32[3,5] = matmul(a, b) {transposeA=false, transposeB=true}
        t: f32[3,5] = mul(s, half) {activation=none}
        m: f32[3,5] = add(t, mask) {activation=none}
        p: f32[3,5] = softmax(m) {axis=1, beta=1}
        y: f32[3,6] = matmul(p, v) {transposeA=false, transposeB=false}
        output y`,
      after: `
        input q: f32[3,4]
        input k: f32[5,4]
        input v: f32[5,6]
        input mask: f32[3,1]
        y: f32[3,6] = attention(q, k, v, mask) {scale=0.125}
        output y`,
    },
    {
      name: "keys of one head for all",
      before: `
        input q: f32[2,3,4]
        input k: f32[5,4]
        s: f32[2,3,5] = matmul(q, k) {transposeA=false, transposeB=true}
        p: f32[2,3,5] = softmax(s) {axis=2, beta=1}
        y: f32[2,3,4] = matmul(p, k) {transposeA=false, transposeB=false}
        output y`,
      after: `
        input q: f32[2,3,4]
        input k: f32[5,4]
        y: f32[2,3,4] = attention(q, k, k) {scale=1}
        output y`,
    },
    {
      name: "shares that the model gives too",
      before: `
        input q: f32[3,4]
        input k: f32[5,4]
        s: f32[3,5] = matmul(q, k) {transposeA=false, transposeB=true}
        p: f32[3,5] = softmax(s) {axis=1, beta=1}
        y: f32[3,4] = matmul(p, k) {transposeA=false, transposeB=false}
        output y
        output p`,
      noted: "something else reads the scores of its attention too",
    },
    {
      name: "scores that are read elsewhere",
      before: `
        input q: f32[3,4]
        input k: f32[3,4]
        s: f32[3,3] = matmul(q, k) {transposeA=false, transposeB=true}
        p: f32[3,3] = softmax(s) {axis=1, beta=1}
        y: f32[3,4] = matmul(p, k) {transposeA=false, transposeB=false}
        z: f32[3,4] = matmul(s, k) {transposeA=false, transposeB=false}
        output y
        output z`,
      noted: "something else reads the scores of its attention too",
    },
    {
      name: "a softmax along the queries",
      before: `
        input q: f32[3,4]
        input k: f32[3,4]
        s: f32[3,3] = matmul(q, k) {transposeA=false, transposeB=true}
        p: f32[3,3] = softmax(s) {axis=0, beta=1}
        y: f32[3,4] = matmul(p, k) {transposeA=false, transposeB=false}
        output y`,
    },
    {
      name: "a mask that softmax scales and that is computed",
      before: `
        input q: f32[3,4]
        input k: f32[5,4]
        input mask: f32[3,5]
        s: f32[3,5] = matmul(q, k) {transposeA=false, transposeB=true}
        m: f32[3,5] = add(s, mask) {activation=none}
        p: f32[3,5] = softmax(m) {axis=1, beta=0.5}
        y: f32[3,4] = matmul(p, k) {transposeA=false, transposeB=false}
        output y`,
    },
    {
      name: "a mask that makes scores of one batch those of several",
      before: `
        input q: f32[3,4]
        input k: f32[5,4]
        input mask: f32[2,3,5]
        s: f32[3,5] = matmul(q, k) {transposeA=false, transposeB=true}
        m: f32[2,3,5] = add(s, mask) {activation=none}
        p: f32[2,3,5] = softmax(m) {axis=2, beta=1}
        y: f32[2,3,4] = matmul(p, k) {transposeA=false, transposeB=false}
        output y`,
    },
    {
      name: "shares of rows that are multiplied across",
      before: `
        input q: f32[3,4]
        input k: f32[3,4]
        s: f32[3,3] = matmul(q, k) {transposeA=false, transposeB=true}
        p: f32[3,3] = softmax(s) {axis=1, beta=1}
        y: f32[3,4] = matmul(p, k) {transposeA=true, transposeB=false}
        output y`,
    },
  ],
});
