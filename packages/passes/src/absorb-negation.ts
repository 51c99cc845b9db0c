import { type Node, onlyUse, sameShape, type Value } from "@millrace/ir";
import { add, mul, neg, sub } from "@millrace/ops";
import { removeNodes, replaceNode } from "./edit.ts";
import { isFilledWith } from "./remove-identities.ts";
import { producedBy, rewrite } from "./rewrite.ts";

/** A product with a negated factor, which is the input `index` of a sum. */
interface Found {
  readonly index: number;
  readonly product: Node;
  readonly negation: Node;
}

/** Subtracts a product where a model adds that of a negated factor, as a gated unit does in its first step from zero. */
export const absorbNegation = rewrite<Found>("absorb-negation", {
  roots: [add],
  find(node) {
    if (node.outputs[0].type.dtype !== "f32") return undefined;
    for (const [index, value] of node.inputs.entries()) {
      const product = value && onlyUse(value) && producedBy(value, mul);
      if (!product || mul.attributesOf(product).activation !== "none") continue;
      const negation = product.inputs.map((factor) => factor?.producer).find((maker) => maker && negatedBy(maker));
      if (negation) return { index, product, negation };
    }
    return undefined;
  },
  replace({ index, product, negation }, node, graph) {
    const factors = product.inputs.map((factor) => (factor?.producer === negation ? negatedBy(negation) : factor));
    const positive = replaceNode(graph, product, { inputs: factors }, [negation]);
    replaceNode(graph, node, { op: sub, inputs: [node.inputs[1 - index], positive.outputs[0]] });
    removeNodes(graph, [negation]);
  },
  examples: [
    {
      name: "a step from zero towards a candidate",
      before: `
        input z: f32[1,2]
        input n: f32[1,2]
        constant zero: f32[1,2] = [0, 0]
        a: f32[1,2] = sub(zero, n) {activation=none} from [difference]
        b: f32[1,2] = mul(z, a) {activation=none} from [share]
        h: f32[1,2] = add(b, n) {activation=relu} from [hidden]
        output h`,
      after: `
        input z: f32[1,2]
        input n: f32[1,2]
        b: f32[1,2] = mul(z, n) {activation=none} from [difference, share]
        h: f32[1,2] = sub(n, b) {activation=relu} from [hidden]
        output h`,
    },
    {
      name: "a negated factor that is read elsewhere too",
      before: `
        input x: f32[2]
        input y: f32[2]
        a: f32[2] = neg(x)
        b: f32[2] = mul(a, y) {activation=none}
        c: f32[2] = add(y, b) {activation=none}
        output a
        output c`,
    },
  ],
});

/** What a node negates and nothing else reads negated: x of -x, or of 0 - x where that has the same shape. */
function negatedBy(node: Node): Value | undefined {
  const [result] = node.outputs;
  const isDifference = node.op === sub && node.attributes["activation"] === "none" && isFilledWith(node.inputs[0]!, 0);
  if (!onlyUse(result) || !(isDifference || node.op === neg)) return undefined;
  const x = node.inputs.at(-1)!;
  return sameShape(x.type.shape, result.type.shape) ? x : undefined;
}
