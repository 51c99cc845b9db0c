import { type Node, type Shape, sameShape, type Value } from "@millrace/ir";
import { matmul, reshape, reshapedOperand, softmax } from "@millrace/ops";
import { unguarded } from "./masked-rows.ts";
import { producedBy } from "./rewrite.ts";
import { type Scaled, scaledBy } from "./score-factors.ts";
import { canFollow, type Masking, maskingsOf } from "./score-masks.ts";

/** A product of queries and transposed keys, and what is made of it before softmax. */
export interface Scores {
  readonly product: Node;
  readonly scaled: readonly Scaled[];
  /** Maskings in order, each with the shape that lets what it adds broadcast to the product. */
  readonly masks: readonly { readonly masking: Masking; readonly shape: Shape }[];
  /** The nodes from the product on, in order. */
  readonly steps: readonly Node[];
}

/** What the values of attention are multiplied with. */
export interface Shares extends Scores {
  readonly beta: number;
  /** The nodes that make shares 0 that are no numbers, after softmax; none for most models. */
  readonly guard: readonly Node[];
}

/** Most masks that are added to scores one after the other. */
const mostMasks = 2;

/** A value, or what it is before a reshape that leaves the last two axes alone. */
function unshaped(value: Value): { readonly source: Value; readonly reshapes: readonly Node[] } {
  const node = producedBy(value, reshape);
  const source = node?.inputs[0];
  if (source === undefined || !sameShape(source.type.shape.slice(-2), value.type.shape.slice(-2)))
    return { source: value, reshapes: [] };
  return { source, reshapes: [node!] };
}

/** The product of queries and keys that makes a value, with a constant factor of it. */
function scaledProduct(value: Value): Scores | undefined {
  const scaled = scaledBy(value);
  const product = producedBy(scaled?.x ?? value, matmul);
  if (product === undefined) return undefined;
  const { transposeA, transposeB } = matmul.attributesOf(product);
  if (transposeA || !transposeB) return undefined;
  return { product, scaled: scaled ? [scaled] : [], masks: [], steps: scaled ? [product, scaled.node] : [product] };
}

/** The same, where masks may be added afterwards, and axes before the last two merged or split in between. */
function scoresBehind(value: Value, most = mostMasks): Scores | undefined {
  const { source, reshapes } = unshaped(value);
  const product = scaledProduct(source);
  if (product) return { ...product, steps: [...product.steps, ...reshapes] };
  for (const masking of most > 0 ? maskingsOf(source) : []) {
    const found = scoresBehind(masking.scores, most - 1);
    const whole = found?.product.outputs[0].type.shape;
    const shape = whole && reshapedOperand(masking.operand.type.shape, source.type.shape, whole);
    if (shape === undefined) continue;
    const steps = [...found!.steps, masking.node, ...reshapes];
    return { ...found!, masks: [...found!.masks, { masking, shape }], steps };
  }
  return undefined;
}

/** What a value is as the shares of attention: softmax of scores along their keys. Undefined if it is something else. */
export function sharesBehind(value: Value): Shares | undefined {
  const { source: outer, reshapes } = unshaped(value);
  const { source, guard } = unguarded(outer);
  const node = producedBy(source, softmax);
  if (node === undefined || value.type.dtype !== "f32") return undefined;
  const { axis, beta } = softmax.attributesOf(node);
  const scores = scoresBehind(node.inputs[0]!);
  if (scores === undefined || axis !== source.type.shape.length - 1) return undefined;
  const isSame = sameShape(value.type.shape, scores.product.outputs[0].type.shape);
  if (!isSame || !scores.masks.every(({ masking }) => canFollow(masking, beta))) return undefined;
  return { ...scores, beta, guard, steps: [...scores.steps, node, ...guard, ...reshapes] };
}
