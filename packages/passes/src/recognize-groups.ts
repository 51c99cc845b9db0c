import { type Dimension, type Shape, sameShape, type Value } from "@millrace/ir";
import { groupNormalization, layerNormalization, makesGroups, reshape } from "@millrace/ops";
import { replaceNode } from "./edit.ts";
import { isFilledWith } from "./remove-identities.ts";
import { producedBy, rewrite, usedOnce } from "./rewrite.ts";

interface Groups {
  readonly axis: number;
  readonly groups: number;
}

/** The groups of channels that lines of a grouped shape are: [batch, groups, …], or […, groups, members] where channels come last. */
function groupsOf(shape: Shape, grouped: Shape, axes: readonly number[]): Groups | undefined {
  const rank = grouped.length;
  const isEvery = (but: number) => axes.length === rank - 2 && !axes.includes(0) && !axes.includes(but);
  if (shape.length < 2 || rank < 3 || grouped[0] !== shape[0]) return undefined;
  const found = (axis: number, groups: Dimension): Groups | undefined =>
    typeof groups === "number" && makesGroups(shape[axis], groups) ? { axis, groups } : undefined;
  const last = shape.length - 1;
  const [groups, members] = grouped.slice(-2);
  if (isEvery(1)) return found(1, grouped[1]);
  const splitsChannels = typeof groups === "number" && typeof members === "number" && groups * members === shape[last];
  return isEvery(rank - 2) && splitsChannels ? found(last, groups) : undefined;
}

/** Makes one operator of layer normalization between two reshapes that make lines of groups of channels, as PyTorch normalizes groups. */
export const recognizeGroups = rewrite("recognize-groups", {
  roots: [reshape],
  find(node, graph) {
    const inner = producedBy(node.inputs[0], layerNormalization);
    const first = producedBy(inner?.inputs[0], reshape);
    if (inner === undefined || first === undefined || !usedOnce(graph, inner.outputs[0])) return undefined;
    const { scale, bias } = layerNormalization.inputsOf(inner);
    const { axes, epsilon } = layerNormalization.attributesOf(inner);
    const [x] = first.inputs as readonly Value[];
    const { shape } = x.type;
    const isScaled = (scale && !isFilledWith(scale, 1)) || (bias && !isFilledWith(bias, 0));
    if (isScaled || !sameShape(node.outputs[0].type.shape, shape)) return undefined;

    const found = groupsOf(shape, first.outputs[0].type.shape, axes);
    return found && { x, attributes: { ...found, epsilon }, merged: [first, inner] };
  },
  replace({ x, attributes, merged }, node, graph) {
    replaceNode(graph, node, { op: groupNormalization, inputs: [x], attributes }, merged);
  },
  examples: [
    {
      name: "groups of channels that come first",
      before: `
        input x: f32[1,4,2,2]
        a: f32[1,2,8] = reshape(x) {shape=[1,2,8]} from [a]
        constant one: f32[2,1] = [1, 1]
        constant zero: f32[2,1] = [0, 0]
        b: f32[1,2,8] = layerNormalization(a, one, zero) {axes=[2], epsilon=0.5} from [b]
        c: f32[1,4,2,2] = reshape(b) {shape=[1,4,2,2]} from [c]
        output c`,
      after: `
        input x: f32[1,4,2,2]
        c: f32[1,4,2,2] = groupNormalization(x) {axis=1, groups=2, epsilon=0.5} from [a, b, c]
        output c`,
    },
    {
      name: "groups of channels that come last",
      before: `
        input x: f32[1,2,2,4]
        a: f32[1,2,2,2,2] = reshape(x) {shape=[1,2,2,2,2]}
        b: f32[1,2,2,2,2] = layerNormalization(a) {axes=[1,2,4], epsilon=0.5}
        c: f32[1,2,2,4] = reshape(b) {shape=[1,2,2,4]}
        output c`,
      after: `
        input x: f32[1,2,2,4]
        c: f32[1,2,2,4] = groupNormalization(x) {axis=3, groups=2, epsilon=0.5}
        output c`,
    },
    {
      name: "lines that are no groups of channels",
      before: `
        input x: f32[1,3,2,2]
        a: f32[1,2,6] = reshape(x) {shape=[1,2,6]}
        b: f32[1,2,6] = layerNormalization(a) {axes=[2], epsilon=0.5}
        c: f32[1,3,2,2] = reshape(b) {shape=[1,3,2,2]}
        output c`,
    },
  ],
});
