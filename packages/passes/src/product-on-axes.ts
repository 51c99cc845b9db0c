import { type Node, onlyUse, sameShape, type Value } from "@millrace/ir";
import { matmul, reshape } from "@millrace/ops";
import { replaceNode } from "./edit.ts";
import { producedBy, rewrite } from "./rewrite.ts";

interface Found {
  readonly sources: readonly Value[];
  readonly back: Node;
}

/** Lets products of matrices stand along the axes that their factors have, where a model makes one axis of them before and takes it apart again. */
export const productOnAxes = rewrite<Found>("product-on-axes", {
  roots: [matmul],
  find(node) {
    const sources = node.inputs.map((factor) => producedBy(factor, reshape)?.inputs[0]);
    const back = onlyUse(node.outputs[0])?.user;
    if (back?.op !== reshape || !sources.every((source) => source !== undefined)) return undefined;
    const lead = back.outputs[0].type.shape.slice(0, -2);
    const isKept = ({ type }: Value, { type: whole }: Value) =>
      !whole.quantization &&
      sameShape(whole.shape.slice(-2), type.shape.slice(-2)) &&
      sameShape(whole.shape.slice(0, -2), lead);
    const areKept = sources.every((source, index) => isKept(node.inputs[index]!, source));
    return areKept && isKept(node.outputs[0], back.outputs[0]) ? { sources, back } : undefined;
  },
  replace({ sources, back }, node, graph) {
    replaceNode(graph, back, { op: matmul, inputs: sources, attributes: node.attributes }, [node]);
  },
  examples: [
    {
      name: "products of heads of a batch that are one axis for it",
      before: `
        input x: f32[2,1,2,3]
        input y: f32[2,1,2,3]
        a: f32[2,2,3] = reshape(x) {shape=[2,2,3]} from [before]
        b: f32[2,2,3] = reshape(y) {shape=[2,2,3]} from [before]
        p: f32[2,2,2] = matmul(a, b) {transposeA=false, transposeB=true} from [product]
        z: f32[2,1,2,2] = reshape(p) {shape=[2,1,2,2]} from [after]
        output z`,
      after: `
        input x: f32[2,1,2,3]
        input y: f32[2,1,2,3]
        z: f32[2,1,2,2] = matmul(x, y) {transposeA=false, transposeB=true} from [product, after]
        output z`,
    },
    {
      name: "a factor whose matrices are others before",
      before: `
        input x: f32[2,2,3]
        input y: f32[2,3,2]
        a: f32[1,4,3] = reshape(x) {shape=[1,4,3]}
        b: f32[1,4,3] = reshape(y) {shape=[1,4,3]}
        p: f32[1,4,4] = matmul(a, b) {transposeA=false, transposeB=true}
        z: f32[2,2,4] = reshape(p) {shape=[2,2,4]}
        output z`,
    },
  ],
});
