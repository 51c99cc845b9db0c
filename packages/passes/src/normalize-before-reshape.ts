import { type Node, onlyUse, sameShape, type Value } from "@millrace/ir";
import { batchNorm, reshape } from "@millrace/ops";
import { removeNodes, replaceNode, stepBefore } from "./edit.ts";
import { producedBy, rewrite } from "./rewrite.ts";

interface Found {
  readonly source: Value;
  readonly reshaping: Node;
}

/**
 * Puts a batch norm before a reshape that only regroups the axes behind its channels, where a layer stands that can take it into its
 * weights: the convolution of an image one pixel high that a convolution over one axis is.
 */
export const normalizeBeforeReshape = rewrite<Found>("normalize-before-reshape", {
  roots: [batchNorm],
  find(node) {
    const { x } = batchNorm.inputsOf(node);
    const { axis } = batchNorm.attributesOf(node);
    const reshaping = producedBy(x, reshape);
    const source = reshaping?.inputs[0];
    if (!reshaping || !source?.producer || !onlyUse(x) || !onlyUse(source)) return undefined;
    const { quantization } = source.producer.op;
    const isLayer = quantization.kind === "free" && quantization.weights !== undefined;
    const isKept = sameShape(source.type.shape.slice(0, axis + 1), x.type.shape.slice(0, axis + 1));
    return isLayer && isKept ? { source, reshaping } : undefined;
  },
  replace({ source, reshaping }, node, graph) {
    const normal = stepBefore(graph, node)(
      batchNorm,
      [source, ...(node.inputs.slice(1) as readonly Value[])],
      node.attributes,
    );
    replaceNode(graph, node, { op: reshape, inputs: [normal], attributes: reshaping.attributes }, [reshaping]);
    removeNodes(graph, [reshaping]);
  },
  examples: [
    {
      name: "a batch norm behind a convolution over one axis",
      before: `
        input x: f32[1,1,1,3]
        constant w: f32[2,1,1,2] = [1, 2, 3, 4]
        a: f32[1,2,1,2] = conv2d(x, w) {stride=[1,1], dilation=[1,1], padding=[0,0,0,0], groups=1, layout=first, activation=none} from [conv]
        b: f32[1,2,2] = reshape(a) {shape=[1,2,2]} from [conv]
        constant one: f32[2] = [1, 1]
        y: f32[1,2,2] = batchNorm(b, one, one, one, one) {epsilon=0, axis=1} from [norm]
        output y`,
      after: `
        input x: f32[1,1,1,3]
        constant w: f32[2,1,1,2] = [1, 2, 3, 4]
        a: f32[1,2,1,2] = conv2d(x, w) {stride=[1,1], dilation=[1,1], padding=[0,0,0,0], groups=1, layout=first, activation=none} from [conv]
        constant one: f32[2] = [1, 1]
        y/batchNorm: f32[1,2,1,2] = batchNorm(a, one, one, one, one) {epsilon=0, axis=1} from [norm]
        y: f32[1,2,2] = reshape(y/batchNorm) {shape=[1,2,2]} from [conv, norm]
        output y`,
    },
    {
      name: "a reshape that moves elements to other channels",
      before: `
        input x: f32[1,1,1,3]
        constant w: f32[2,1,1,2] = [1, 2, 3, 4]
        a: f32[1,2,1,2] = conv2d(x, w) {stride=[1,1], dilation=[1,1], padding=[0,0,0,0], groups=1, layout=first, activation=none}
        b: f32[1,4,1] = reshape(a) {shape=[1,4,1]}
        constant one: f32[4] = [1, 1, 1, 1]
        y: f32[1,4,1] = batchNorm(b, one, one, one, one) {epsilon=0, axis=1}
        output y`,
    },
  ],
});
