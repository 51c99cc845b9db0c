import type { Value } from "@millrace/ir";
import { linear, reshape, transpose } from "@millrace/ops";
import { replaceNode } from "../edit.ts";
import { producedBy, rewrite, usedOnce } from "../rewrite.ts";

/**
 * Lets a layer that gives fewer numbers than it reads do so before other axes than its own are merged, so that a transpose of those axes can
 * move on to its results.
 */
export const flattenAfterLinear = rewrite<{ readonly whole: Value }>("flatten-after-linear", {
  roots: [linear],
  find(node, graph) {
    const { x, weights } = linear.inputsOf(node);
    const flatten = producedBy(x, reshape);
    const moved = producedBy(flatten?.inputs[0], transpose);
    if (flatten === undefined || moved === undefined || x.type.quantization || !usedOnce(graph, x)) return undefined;
    const [whole] = moved.outputs;
    const [rows, columns] = weights.type.shape;
    const keepsLast = whole.type.shape.at(-1) === columns;
    const smaller = typeof rows === "number" && typeof columns === "number" && rows < columns;
    return keepsLast && smaller ? { whole } : undefined;
  },
  replace({ whole }, node, graph) {
    const { inputs, attributes, name, origin } = node;
    const { shape } = node.outputs[0].type;
    const layer = graph.addNode({
      op: linear,
      inputs: [whole, ...inputs.slice(1)],
      attributes,
      name: `${name}_rows`,
      origin,
      before: node,
    });
    replaceNode(graph, node, { op: reshape, inputs: layer.outputs, attributes: { shape } });
  },
  examples: [
    {
      name: "sums of what a transpose and a reshape put in rows",
      before: `
        input x: f32[2,3,4]
        t: f32[3,2,4] = transpose(x) {permutation=[1,0,2]}
        r: f32[6,4] = reshape(t) {shape=[6,4]}
        constant w: f32[1,4] = [1, 2, 3, 4]
        y: f32[6,1] = linear(r, w) {activation=none} from [y]
        output y`,
      after: `
        input x: f32[2,3,4]
        t: f32[3,2,4] = transpose(x) {permutation=[1,0,2]}
        constant w: f32[1,4] = [1, 2, 3, 4]
        y_rows: f32[3,2,1] = linear(t, w) {activation=none} from [y]
        y: f32[6,1] = reshape(y_rows) {shape=[6,1]} from [y]
        output y`,
    },
    {
      name: "a layer that gives more than it reads",
      before: `
        input x: f32[2,3,1]
        t: f32[3,2,1] = transpose(x) {permutation=[1,0,2]}
        r: f32[6,1] = reshape(t) {shape=[6,1]}
        constant w: f32[2,1] = [1, 2]
        y: f32[6,2] = linear(r, w) {activation=none}
        output y`,
    },
    {
      name: "a reshape that merges the last axis",
      before: `
        input x: f32[2,3,4]
        t: f32[3,2,4] = transpose(x) {permutation=[1,0,2]}
        r: f32[3,8] = reshape(t) {shape=[3,8]}
        constant w: f32[1,8] = [1, 2, 3, 4, 5, 6, 7, 8]
        y: f32[3,1] = linear(r, w) {activation=none}
        output y`,
    },
  ],
});
