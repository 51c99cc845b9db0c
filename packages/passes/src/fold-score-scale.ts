import {
  elementCount,
  fromNumbers,
  type Graph,
  type Node,
  numbersOf,
  type Operator,
  onlyUse,
  type Tensor,
  type Value,
} from "@millrace/ir";
import { add, matmul, mul, reshape, softmax, transpose } from "@millrace/ops";
import { removeNodes, replaceNode } from "./edit.ts";
import { producedBy, rewrite } from "./rewrite.ts";

/** A positive constant factor of a value, and the value without it. */
interface Scaled {
  readonly node: Node;
  readonly x: Value;
  readonly factor: number;
}

interface Folding {
  readonly scaled: readonly Scaled[];
  /** A constant that is added to the scores after they are scaled. */
  readonly mask?: { readonly node: Node; readonly index: number; readonly value: Value };
}

/** The greatest number of float32. */
const greatest = 3.4028234663852886e38;

/** Operators that move elements, which a factor of all of them might as well stand before. */
const moving: readonly Operator[] = [reshape, transpose];

/** The multiplication by one positive constant that makes the value. */
function scaledBy(value: Value): Scaled | undefined {
  const node = producedBy(value, mul);
  if (node === undefined || node.outputs[0].type.dtype !== "f32") return undefined;
  if (mul.attributesOf(node).activation !== "none" || onlyUse(value) === undefined) return undefined;
  const index = node.inputs.findIndex((each) => each?.constant);
  const [x, constant] = [node.inputs[1 - index], node.inputs[index]?.constant];
  if (x === undefined || constant === undefined || elementCount(constant.shape) !== 1) return undefined;
  const factor = numbersOf(constant)[0];
  const whole = constant.shape.length <= x.type.shape.length;
  return whole && factor > 0 && Number.isFinite(factor) ? { node, x, factor } : undefined;
}

/** What makes a value, past nodes that only move its elements, as long as nothing else reads them. */
function origin(value: Value): Value {
  let at = value;
  while (at.producer && moving.includes(at.producer.op) && onlyUse(at)) at = at.producer.inputs[0]!;
  return at;
}

/** Factors that stand in a row before a value. */
function factorsOf(value: Value): { readonly scaled: readonly Scaled[]; readonly source: Value } {
  const scaled: Scaled[] = [];
  let source = origin(value);
  for (let found = scaledBy(source); found !== undefined; found = scaledBy(source)) {
    scaled.push(found);
    source = origin(found.x);
  }
  return { scaled, source };
}

/** The constant that is added to the scores, if there is one. */
function maskOf(value: Value): Folding["mask"] {
  const node = producedBy(value, add);
  if (node === undefined || onlyUse(value) === undefined || add.attributesOf(node).activation !== "none")
    return undefined;
  const index = node.inputs.findIndex((each) => each?.constant?.dtype === "f32");
  return index < 0 ? undefined : { node, index, value: node.inputs[index]! };
}

/** What has to be added before scores are scaled: as it is where that makes no difference to a mask of zeros and the lowest numbers. */
function maskBefore({ data, shape }: Tensor, factor: number): Tensor {
  const numbers = Float64Array.from(data as Float32Array, (number) =>
    Number.isFinite(number) ? Math.min(greatest, Math.max(-greatest, number / factor)) : number,
  );
  return fromNumbers("f32", shape, numbers);
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
    const factor = scaled.reduce((product, each) => product * each.factor, 1);
    for (const each of scaled) dropFactor(graph, each);
    const { axis, beta } = softmax.attributesOf(node);
    if (mask) {
      const tensor = maskBefore(mask.value.constant!, factor);
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

function dropFactor(graph: Graph, { node, x }: Scaled): void {
  graph.replaceUses(node.outputs[0], x);
  removeNodes(graph, [node]);
}
