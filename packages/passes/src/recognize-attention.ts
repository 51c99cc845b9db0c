import { onlyUse, type Value } from "@millrace/ir";
import { add, attention, matmul, select } from "@millrace/ops";
import { attentionExamples } from "./attention-examples.ts";
import { type Shares, sharesBehind } from "./attention-shares.ts";
import { replaceNode, stepBefore } from "./edit.ts";
import { guardedInputs, leavesRows } from "./masked-rows.ts";
import { refuse, rewrite } from "./rewrite.ts";
import { dropFactor, factorsOf, productOf } from "./score-factors.ts";
import { addedMask } from "./score-masks.ts";

interface Found extends Shares {
  readonly value: Value;
}

/** Makes one operator of attention that is written out: a product of queries and keys, softmax along the keys, a product with the values. */
export const recognizeAttention = rewrite<Found>("recognize-attention", {
  roots: [matmul],
  find(node) {
    const { transposeA, transposeB } = matmul.attributesOf(node);
    const { a, b } = matmul.inputsOf(node);
    const shares = transposeA || transposeB || b.type.dtype !== "f32" ? undefined : sharesBehind(a);
    if (shares === undefined) return undefined;
    const guarded = shares.guard[0]?.inputs ?? [];
    const isReadBetween = shares.steps.some(({ outputs: [each] }) => !onlyUse(each) && !guarded.includes(each));
    return isReadBetween ? refuse("something else reads the scores of its attention too") : { ...shares, value: b };
  },
  replace({ product, scaled, masks, guard, steps, beta, value }, node, graph) {
    const factors = [...scaled, ...product.inputs.flatMap((factor) => factorsOf(factor!).scaled)];
    const added = masks.map(({ masking, shape }) => addedMask(graph, node, masking, beta, shape));
    const step = stepBefore(graph, node);
    const mask = added.length > 1 ? step(add, added, { activation: "none" }) : added[0];
    for (const each of factors) dropFactor(graph, each);
    const inputs = [...(product.inputs as readonly Value[]), value, ...(mask ? [mask] : [])];
    const attributes = { scale: beta * productOf(factors) };
    if (guard.length === 0 || !mask || (mask.constant && leavesRows(mask.constant)))
      return void replaceNode(graph, node, { op: attention, inputs, attributes }, steps);
    const guarded = guardedInputs(graph, step, step(attention, inputs, attributes));
    replaceNode(graph, node, { op: select, inputs: guarded, attributes: {} }, steps);
  },
  examples: attentionExamples,
});
