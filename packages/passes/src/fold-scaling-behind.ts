import { sameShape, type Value } from "@millrace/ir";
import { add, mul } from "@millrace/ops";
import { replaceNode } from "./edit.ts";
import { rewrite, usedOnce } from "./rewrite.ts";
import { slotOf } from "./scaling.ts";

/** Whether a constant has numbers for one axis, or for some of those that a node normalizes over. */
function goesAlong({ type: { shape } }: Value, rank: number, axes: readonly number[]): boolean {
  const sized = shape.flatMap((size, axis) => (size === 1 ? [] : axis + rank - shape.length));
  return sized.length === 1 || (sized.length > 0 && sized.every((axis) => axes.includes(axis)));
}

/** Gives a constant factor, and then a constant offset, to the operator before them if that scales its results itself. */
export const foldScalingBehind = rewrite("fold-scaling-behind", {
  roots: [mul, add],
  find(node, graph) {
    const at = node.inputs.findIndex((value) => value?.constant?.dtype === "f32");
    const [constant, x] = [node.inputs[at], node.inputs[1 - at]];
    const inner = x?.producer;
    const slots = inner?.op.scaling;
    if (!constant || !inner || !slots || node.attributes["activation"] !== "none" || !usedOnce(graph, x))
      return undefined;
    const [factor, offset] = [slots.factor, slots.offset].map((name) => slotOf(inner.op, name));
    if (inner.inputs[offset] || (node.op === mul && inner.inputs[factor])) return undefined;
    const { shape } = x.type;
    const { axes = [] } = inner.attributes as { readonly axes?: readonly number[] };
    if (!sameShape(node.outputs[0].type.shape, shape) || !goesAlong(constant, shape.length, axes)) return undefined;
    return { inner, constant, slot: node.op === mul ? factor : offset };
  },
  replace({ inner, constant, slot }, node, graph) {
    const inputs = Array.from({ length: Math.max(inner.inputs.length, slot + 1) }, (_, at) => inner.inputs[at]);
    const { op, attributes } = inner;
    replaceNode(graph, node, { op, inputs: inputs.with(slot, constant), attributes }, [inner]);
  },
  examples: [
    {
      name: "gain and shift of a normalization",
      before: `
        input x: f32[2,3]
        a: f32[2,3] = layerNormalization(x) {axes=[1], epsilon=1} from [norm]
        constant gain: f32[3] = [1, 2, 3]
        b: f32[2,3] = mul(gain, a) {activation=none} from [gain]
        constant shift: f32[3] = [4, 5, 6]
        c: f32[2,3] = add(b, shift) {activation=none} from [shift]
        output c`,
      after: `
        input x: f32[2,3]
        constant gain: f32[3] = [1, 2, 3]
        constant shift: f32[3] = [4, 5, 6]
        c: f32[2,3] = layerNormalization(x, gain, shift) {axes=[1], epsilon=1} from [norm, gain, shift]
        output c`,
    },
    {
      name: "a factor after an offset, and one number for all",
      before: `
        input x: f32[2,3]
        constant shift: f32[3] = [4, 5, 6]
        a: f32[2,3] = layerNormalization(x, -, shift) {axes=[1], epsilon=1}
        constant gain: f32[3] = [1, 2, 3]
        b: f32[2,3] = mul(a, gain) {activation=none}
        c: f32[2,3] = rmsNormalization(x) {axes=[1], epsilon=1}
        constant half: f32[] = [0.5]
        d: f32[2,3] = mul(c, half) {activation=none}
        output b
        output d`,
    },
  ],
});
