import { fromNumbers, type Graph, type Node, type Value } from "@millrace/ir";
import { add, attention, matmul, mul, softmax } from "@millrace/ops";
import { replaceNode, stepBefore } from "./edit.ts";
import { rewrite } from "./rewrite.ts";
import { maskOver } from "./score-factors.ts";

const plain = { activation: "none" } as const;

/** Attention whose softmax scales the scores by `beta`. */
interface Scaling {
  readonly query: Value;
  readonly mask: Value | undefined;
  readonly beta: number;
}

/** Softmax scales a constant mask with the scores, so that this is divided; a computed one is added when the queries are scaled. */
function scaling(graph: Graph, node: Node): Scaling {
  const { query, mask } = attention.inputsOf(node);
  const { scale } = attention.attributesOf(node);
  const [{ name }] = node.outputs;
  if (scale === 1 || mask === undefined) return { query, mask, beta: scale };
  if (mask.constant) return { query, mask: graph.addConstant(mask.name, maskOver(mask.constant, scale)), beta: scale };
  const factor = graph.addConstant(`${name}/scale`, fromNumbers("f32", [], [scale]));
  return { query: stepBefore(graph, node)(mul, [query, factor], plain), mask, beta: 1 };
}

/** Writes attention out as two products with a softmax between them, for what has no operator of its own for it. */
export const spellAttention = rewrite("spell-attention", {
  roots: [attention],
  find: (node) => attention.inputsOf(node),
  replace({ key, value }, node, graph) {
    const { query, mask, beta } = scaling(graph, node);
    const step = stepBefore(graph, node);
    const scores = step(matmul, [query, key], { transposeA: false, transposeB: true });
    const masked = mask ? step(add, [scores, mask], plain) : scores;
    const shares = step(softmax, [masked], { axis: masked.type.shape.length - 1, beta });
    const attributes = { transposeA: false, transposeB: false };
    replaceNode(graph, node, { op: matmul, inputs: [shares, value], attributes });
  },
  examples: [
    {
      name: "heads without a mask",
      before: `
        input q: f32[2,3,4]
        input k: f32[2,5,4]
        input v: f32[2,5,6]
        y: f32[2,3,6] = attention(q, k, v) {scale=0.5} from [heads]
        output y`,
      after: `
        input q: f32[2,3,4]
        input k: f32[2,5,4]
        input v: f32[2,5,6]
        y/matmul: f32[2,3,5] = matmul(q, k) {transposeA=false, transposeB=true} from [heads]
        y/softmax: f32[2,3,5] = softmax(y/matmul) {axis=2, beta=0.5} from [heads]
        y: f32[2,3,6] = matmul(y/softmax, v) {transposeA=false, transposeB=false} from [heads]
        output y`,
    },
    {
      name: "a constant mask, which softmax scales",
      before: `
        input q: f32[3,4]
        input k: f32[5,4]
        input v: f32[5,6]
        constant mask: f32[5] = [0, 0, 0, -4, -Infinity]
        y: f32[3,6] = attention(q, k, v, mask) {scale=0.5}
        output y`,
      after: `
        input q: f32[3,4]
        input k: f32[5,4]
        input v: f32[5,6]
        y/matmul: f32[3,5] = matmul(q, k) {transposeA=false, transposeB=true}
        constant mask: f32[5] = [0, 0, 0, -8, -Infinity]
        y/add: f32[3,5] = add(y/matmul, mask) {activation=none}
        y/softmax: f32[3,5] = softmax(y/add) {axis=1, beta=0.5}
        y: f32[3,6] = matmul(y/softmax, v) {transposeA=false, transposeB=false}
        output y`,
    },
    {
      name: "a mask that is computed",
      before: `
        input q: f32[3,4]
        input k: f32[5,4]
        input v: f32[5,6]
        input mask: f32[3,1]
        y: f32[3,6] = attention(q, k, v, mask) {scale=0.5}
        output y`,
      after: `
        input q: f32[3,4]
        input k: f32[5,4]
        input v: f32[5,6]
        input mask: f32[3,1]
        constant y/scale: f32[] = [0.5]
        y/mul: f32[3,4] = mul(q, y/scale) {activation=none}
        y/matmul: f32[3,5] = matmul(y/mul, k) {transposeA=false, transposeB=true}
        y/add: f32[3,5] = add(y/matmul, mask) {activation=none}
        y/softmax: f32[3,5] = softmax(y/add) {axis=1, beta=1}
        y: f32[3,6] = matmul(y/softmax, v) {transposeA=false, transposeB=false}
        output y`,
    },
    {
      name: "products without a softmax",
      before: `
        input q: f32[3,4]
        input k: f32[5,4]
        s: f32[3,5] = matmul(q, k) {transposeA=false, transposeB=true}
        y: f32[3,4] = matmul(s, k) {transposeA=false, transposeB=false}
        output y`,
    },
  ],
});
