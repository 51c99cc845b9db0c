import { onlyUse, type Value } from "@millrace/ir";
import { reshape, split, transpose } from "@millrace/ops";
import { computed } from "../edit.ts";
import { producedBy, rewrite } from "../rewrite.ts";
import { type ReshapedParts, reshapedParts, splitWhole } from "./reshaped-parts.ts";

interface Merging extends ReshapedParts {
  readonly data: Value;
  /** The order of the axes of what is transposed. */
  readonly permutation: readonly number[];
  /** The axis of it that the parts drop, which is merged with the one after it. */
  readonly dropped: number;
}

/** The order of axes when `dropped` is merged with the axis after it. */
function withoutAxis(permutation: readonly number[], dropped: number): readonly number[] {
  return permutation.flatMap((axis) => (axis === dropped ? [] : [axis > dropped ? axis - 1 : axis]));
}

/**
 * Makes one axis of two before a transpose that separates them for a split along the first, as of queries, keys and values by heads: what was an
 * index of the first is a part of the new axis, and the parts need no reshapes.
 */
export const mergeSplitAxis = rewrite<Merging>("merge-split-axis", {
  roots: [split],
  find(node) {
    const { axis, sizes } = split.attributesOf(node);
    const parts = reshapedParts(node);
    const moved = producedBy(node.inputs[0], transpose);
    if (parts === undefined || moved === undefined || onlyUse(moved.outputs[0]) === undefined) return undefined;
    const { permutation } = transpose.attributesOf(moved);
    const dropped = permutation[axis];
    const drops = sizes[0] === 1 && parts.shape.join() === parts.source.toSpliced(axis, 1).join();
    if (!drops || dropped + 1 === permutation.length) return undefined;
    return { ...parts, data: moved.inputs[0]!, permutation, dropped };
  },
  replace({ reshapes, data, permutation, dropped }, node, graph) {
    const sizes = data.type.shape as readonly number[];
    const merged = sizes.toSpliced(dropped, 2, sizes[dropped] * sizes[dropped + 1]);
    const order = withoutAxis(permutation, dropped);
    const reshaped = computed(graph, node, reshape, data, { shape: merged });
    const whole = computed(graph, node, transpose, reshaped, { permutation: order });
    splitWhole(graph, node, reshapes, whole, order.indexOf(dropped));
  },
  examples: [
    {
      name: "queries and keys of two heads",
      before: `
        input x: f32[5,2,2,3]
        t: f32[2,2,5,3] = transpose(x) {permutation=[1,2,0,3]}
        a: f32[1,2,5,3], b: f32[1,2,5,3] = split(t) {axis=0, sizes=[1,1]} from [s]
        q: f32[2,5,3] = reshape(a) {shape=[2,5,3]}
        k: f32[2,5,3] = reshape(b) {shape=[2,5,3]}
        output q
        output k`,
      after: `
        input x: f32[5,2,2,3]
        x_reshape: f32[5,4,3] = reshape(x) {shape=[5,4,3]} from [s]
        x_reshape_transpose: f32[4,5,3] = transpose(x_reshape) {permutation=[1,0,2]} from [s]
        q: f32[2,5,3], k: f32[2,5,3] = split(x_reshape_transpose) {axis=0, sizes=[2,2]} named a from [s]
        output q
        output k`,
    },
    {
      name: "parts that keep the axis",
      before: `
        input x: f32[5,2,3]
        t: f32[2,5,3] = transpose(x) {permutation=[1,0,2]}
        a: f32[1,5,3], b: f32[1,5,3] = split(t) {axis=0, sizes=[1,1]}
        q: f32[1,15] = reshape(a) {shape=[1,15]}
        k: f32[1,15] = reshape(b) {shape=[1,15]}
        output q
        output k`,
    },
  ],
});
