import { elementCount, type Node, onlyUse, type Shape, sameShape, type Value } from "@millrace/ir";
import { batchNorm, reshape, transpose } from "@millrace/ops";
import { removeNodes, replaceNode, stepBefore } from "./edit.ts";
import { rewrite } from "./rewrite.ts";

interface Found {
  /** The layer's result, and its axis of channels. */
  readonly source: Value;
  readonly axis: number;
  /** What moves the result's elements before they are normalized, in order. */
  readonly moves: readonly [Node, ...Node[]];
}

/** The axis that a node's axis was before the node moved its elements, if it stays in one piece. */
function axisBefore({ op, attributes, inputs, outputs }: Node, axis: number): number | undefined {
  if (op === transpose) return (attributes["permutation"] as readonly number[])[axis];
  const [from, to] = [inputs[0]!.type.shape, outputs[0].type.shape];
  const outside = (shape: Shape, at: number) => [elementCount(shape.slice(0, at)), shape[at]];
  const before = from.findIndex((_, at) => sameShape(outside(from, at), outside(to, axis)));
  return before < 0 ? undefined : before;
}

function isLayer({ op: { quantization } }: Node): boolean {
  return quantization.kind === "free" && quantization.weights !== undefined;
}

/**
 * Puts a batch norm before reshapes and transposes that keep its channels together, where a layer stands that can take it into its
 * weights: the convolution of an image one pixel high that a convolution over one axis is, or that of slices that one of volumes is.
 */
export const normalizeBeforeReshape = rewrite<Found>("normalize-before-reshape", {
  roots: [batchNorm],
  find(node) {
    const moves: Node[] = [];
    let source: Value = batchNorm.inputsOf(node).x;
    let { axis } = batchNorm.attributesOf(node);
    for (let made = source.producer; made && onlyUse(source); made = source.producer) {
      const [first, ...others] = moves;
      if (first && isLayer(made)) return { source, axis, moves: [first, ...others] };
      const before = made.op === reshape || made.op === transpose ? axisBefore(made, axis) : undefined;
      if (before === undefined) return undefined;
      moves.unshift(made);
      [source, axis] = [made.inputs[0]!, before];
    }
    return undefined;
  },
  replace({ source, axis, moves }, node, graph) {
    const step = stepBefore(graph, node);
    const last = moves.at(-1)!;
    const normal = step(batchNorm, [source, ...(node.inputs.slice(1) as Value[])], { ...node.attributes, axis });
    const moved = moves.slice(0, -1).reduce((value, { op, attributes }) => step(op, [value], attributes), normal);
    replaceNode(graph, node, { op: last.op, inputs: [moved], attributes: last.attributes }, [last]);
    removeNodes(graph, [last]);
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
      name: "a batch norm behind a convolution of a volume's slices",
      before: `
        input x: f32[2,1,1,3]
        constant w: f32[2,1,1,2] = [1, 2, 3, 4]
        a: f32[2,2,1,2] = conv2d(x, w) {stride=[1,1], dilation=[1,1], padding=[0,0,0,0], groups=1, layout=first, activation=none} from [conv]
        b: f32[1,2,2,2] = reshape(a) {shape=[1,2,2,2]} from [conv]
        c: f32[1,2,2,2] = transpose(b) {permutation=[0,2,1,3]} from [conv]
        constant one: f32[2] = [1, 1]
        y: f32[1,2,2,2] = batchNorm(c, one, one, one, one) {epsilon=0, axis=1} from [norm]
        output y`,
      after: `
        input x: f32[2,1,1,3]
        constant w: f32[2,1,1,2] = [1, 2, 3, 4]
        a: f32[2,2,1,2] = conv2d(x, w) {stride=[1,1], dilation=[1,1], padding=[0,0,0,0], groups=1, layout=first, activation=none} from [conv]
        constant one: f32[2] = [1, 1]
        y/batchNorm: f32[2,2,1,2] = batchNorm(a, one, one, one, one) {epsilon=0, axis=1} from [norm]
        y/reshape: f32[1,2,2,2] = reshape(y/batchNorm) {shape=[1,2,2,2]} from [norm]
        y: f32[1,2,2,2] = transpose(y/reshape) {permutation=[0,2,1,3]} from [conv, norm]
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
