import { elementCount, type Value } from "@millrace/ir";
import { reshape, split } from "@millrace/ops";
import { computed } from "../edit.ts";
import { rewrite } from "../rewrite.ts";
import { type ReshapedParts, reshapedParts, splitWhole } from "./reshaped-parts.ts";

interface Reshaping extends ReshapedParts {
  /** The axis of the reshaped parts along which they are cut from a whole. */
  readonly cut: number;
}

/** The axis of `shape` that begins after as many runs of elements as the parts have before the axis that they are cut along. */
function cutAxis(source: readonly number[], axis: number, shape: readonly number[]): number {
  const runs = elementCount(source.slice(0, axis));
  return shape.findIndex((size, at) => size > 1 && elementCount(shape.slice(0, at)) === runs);
}

/** Cuts a value in the shape that its parts are reshaped to: one reshape before a split in the place of one after it for each part. */
export const splitReshaped = rewrite<Reshaping>("split-reshaped", {
  roots: [split],
  find(node) {
    const parts = reshapedParts(node);
    if (parts === undefined) return undefined;
    const cut = cutAxis(parts.source, split.attributesOf(node).axis, parts.shape);
    return cut < 0 ? undefined : { ...parts, cut };
  },
  replace({ reshapes, shape, cut }, node, graph) {
    const [source] = node.inputs as readonly Value[];
    const whole = shape.with(cut, shape[cut] * reshapes.length);
    const reshaped = computed(graph, node, reshape, source, { shape: whole });
    splitWhole(graph, node, reshapes, reshaped, cut);
  },
  examples: [
    {
      name: "an axis that parts drop",
      before: `
        input x: f32[3,2,4]
        a: f32[1,2,4], b: f32[1,2,4], c: f32[1,2,4] = split(x) {axis=0, sizes=[1,1,1]} from [s]
        d: f32[2,4] = reshape(a) {shape=[2,4]} from [d]
        e: f32[2,4] = reshape(b) {shape=[2,4]} from [e]
        f: f32[2,4] = reshape(c) {shape=[2,4]} from [f]
        output d
        output e
        output f`,
      after: `
        input x: f32[3,2,4]
        x_reshape: f32[6,4] = reshape(x) {shape=[6,4]} from [s]
        d: f32[2,4], e: f32[2,4], f: f32[2,4] = split(x_reshape) {axis=0, sizes=[2,2,2]} named a from [s, d, e, f]
        output d
        output e
        output f`,
    },
    {
      name: "an axis in the middle that parts drop",
      before: `
        input x: f32[5,2,4]
        a: f32[5,1,4], b: f32[5,1,4] = split(x) {axis=1, sizes=[1,1]}
        d: f32[1,5,4] = reshape(a) {shape=[1,5,4]}
        e: f32[1,5,4] = reshape(b) {shape=[1,5,4]}
        output d
        output e`,
      after: `
        input x: f32[5,2,4]
        x_reshape: f32[1,5,8] = reshape(x) {shape=[1,5,8]}
        d: f32[1,5,4], e: f32[1,5,4] = split(x_reshape) {axis=2, sizes=[4,4]} named a
        output d
        output e`,
    },
    {
      name: "parts of which runs of elements are torn",
      before: `
        input x: f32[5,2,4]
        a: f32[5,1,4], b: f32[5,1,4] = split(x) {axis=1, sizes=[1,1]}
        d: f32[2,10] = reshape(a) {shape=[2,10]}
        e: f32[2,10] = reshape(b) {shape=[2,10]}
        output d
        output e`,
    },
  ],
});
