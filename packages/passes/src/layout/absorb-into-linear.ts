import type { Node, Value } from "@millrace/ir";
import { linear, reshape, transpose, transposeTensor } from "@millrace/ops";
import { inheritName, removeNodes, replaceNode } from "../edit.ts";
import { producedBy, refuse, rewrite } from "../rewrite.ts";

interface Absorption {
  readonly flatten: Node;
  readonly moved: Node;
  /** Sizes that are flattened to the columns of the weights, in the order of the moved data. */
  readonly sizes: readonly number[];
  readonly weights: Value;
}

/** Takes a transpose before a flattening linear layer into the order of its weights' columns. */
export const absorbIntoLinear = rewrite<Absorption>("absorb-into-linear", {
  roots: [linear],
  find(node) {
    const { x, weights } = linear.inputsOf(node);
    const flatten = producedBy(x, reshape);
    const moved = producedBy(flatten?.inputs[0], transpose);
    if (flatten === undefined || moved === undefined) return undefined;
    const [batch, ...sizes] = moved.outputs[0].type.shape;
    const whole = x.type.shape.length === 2 && x.type.shape[0] === batch;
    const known = sizes.every((size) => typeof size === "number");
    if (!whole || !known || transpose.attributesOf(moved).permutation[0] !== 0)
      return refuse(`${flatten.name} does not flatten all axes but the first of what ${moved.name} gives`);
    if (weights.constant === undefined || weights.type.quantization?.axis === 1)
      return refuse("its weights are not constant");
    return { flatten, moved, sizes, weights };
  },
  replace({ flatten, moved, sizes, weights }, node, graph) {
    const { permutation } = transpose.attributesOf(moved);
    const back = permutation.map((_, axis) => permutation.indexOf(axis));
    const tensor = weights.constant!;
    const sorted = transposeTensor({ ...tensor, shape: [tensor.shape[0], ...sizes] }, back);
    const columns = graph.addConstant(weights.name, { ...sorted, shape: tensor.shape }, weights.type.quantization);
    const [flat] = graph.addNode({
      op: reshape,
      inputs: moved.inputs,
      attributes: flatten.attributes,
      name: flatten.name,
      origin: flatten.origin,
      outputTypes: [flatten.outputs[0].type],
      before: node,
    }).outputs;
    replaceNode(graph, node, { inputs: [flat, columns, ...node.inputs.slice(2)] });
    removeNodes(graph, [flatten]);
    inheritName(graph, flat, flatten.outputs[0]);
    inheritName(graph, columns, weights);
  },
  examples: [
    {
      name: "a flattened image",
      before: `
        input x: f32[1,1,2,2]
        t: f32[1,2,1,2] = transpose(x) {permutation=[0,3,1,2]}
        f: f32[1,4] = reshape(t) {shape=[1,4]} from [flatten]
        constant w: f32[2,4] = [1, 2, 3, 4, 5, 6, 7, 8]
        y: f32[1,2] = linear(f, w) {activation=none}
        output y`,
      after: `
        input x: f32[1,1,2,2]
        f: f32[1,4] = reshape(x) {shape=[1,4]} from [flatten]
        constant w: f32[2,4] = [1, 3, 2, 4, 5, 7, 6, 8]
        y: f32[1,2] = linear(f, w) {activation=none}
        output y`,
    },
    {
      name: "weights that are computed",
      before: `
        input x: f32[1,2,2]
        input w: f32[1,4]
        t: f32[1,2,2] = transpose(x) {permutation=[0,2,1]}
        f: f32[1,4] = reshape(t) {shape=[1,4]}
        y: f32[1,1] = linear(f, w) {activation=none}
        output y`,
      noted: "its weights are not constant",
    },
    {
      name: "a flattening that takes the batch in",
      before: `
        input x: f32[2,3,2]
        t: f32[2,2,3] = transpose(x) {permutation=[0,2,1]}
        f: f32[4,3] = reshape(t) {shape=[4,3]}
        constant w: f32[1,3] = [1, 2, 3]
        y: f32[4,1] = linear(f, w) {activation=none}
        output y`,
      noted: "f does not flatten all axes but the first of what t gives",
    },
  ],
});
