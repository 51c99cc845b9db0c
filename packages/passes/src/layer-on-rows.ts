import { type Node, onlyUse, sameShape, type Value } from "@millrace/ir";
import { linear, reshape } from "@millrace/ops";
import { replaceNode } from "./edit.ts";
import { producedBy, rewrite } from "./rewrite.ts";

interface Found {
  readonly source: Value;
  readonly back: Node;
}

/** Lets a linear layer work on the rows of data as it is, where a model puts all rows into one matrix before and takes them apart again. */
export const layerOnRows = rewrite<Found>("layer-on-rows", {
  roots: [linear],
  find(node) {
    const { x } = linear.inputsOf(node);
    const [result] = node.outputs;
    const source = producedBy(x, reshape)?.inputs[0];
    const back = onlyUse(result)?.user;
    if (!source || back?.op !== reshape || source.type.quantization || source.type.shape.length < 2) return undefined;
    const [before, after] = [source.type.shape, back.outputs[0].type.shape];
    const isRow = before.at(-1) === x.type.shape.at(-1) && after.at(-1) === result.type.shape.at(-1);
    return isRow && sameShape(before.slice(0, -1), after.slice(0, -1)) ? { source, back } : undefined;
  },
  replace({ source, back }, node, graph) {
    replaceNode(graph, back, { op: linear, inputs: [source, ...node.inputs.slice(1)], attributes: node.attributes }, [
      node,
    ]);
  },
  examples: [
    {
      name: "a layer of sequences that is written as one of a matrix",
      before: `
        input x: f32[2,3,1]
        constant w: f32[2,1] = [1, 2]
        a: f32[6,1] = reshape(x) {shape=[6,1]} from [before]
        b: f32[6,2] = linear(a, w) {activation=relu} from [layer]
        y: f32[2,3,2] = reshape(b) {shape=[2,3,2]} from [after]
        output y`,
      after: `
        input x: f32[2,3,1]
        constant w: f32[2,1] = [1, 2]
        y: f32[2,3,2] = linear(x, w) {activation=relu} from [layer, after]
        output y`,
    },
    {
      name: "rows that come out in another shape",
      before: `
        input x: f32[2,3,1]
        constant w: f32[2,1] = [1, 2]
        a: f32[6,1] = reshape(x) {shape=[6,1]}
        b: f32[6,2] = linear(a, w) {activation=none}
        y: f32[3,2,2] = reshape(b) {shape=[3,2,2]}
        output y`,
    },
  ],
});
