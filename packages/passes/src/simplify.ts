import { isGraphOutput, isIdentityPermutation, type Node, type Operator, sameShape, type Value } from "@millrace/ir";
import { cast, clamp, concat, expand, mean, pad, reshape, slice, sum, tile, transpose } from "@millrace/ops";
import { producedBy, replaceNode, rewrite, usedOnce } from "./rewrite.ts";

const unchangedShape = (node: Node) => sameShape(node.inputs[0]!.type.shape, node.outputs[0].type.shape);

/** When a node of each operator returns its first input as it is. */
const identities: ReadonlyMap<Operator, (node: Node) => boolean> = new Map<Operator, (node: Node) => boolean>([
  [reshape, unchangedShape],
  [expand, unchangedShape],
  [transpose, (node) => isIdentityPermutation(transpose.attributesOf(node).permutation)],
  [cast, (node) => node.inputs[0]!.type.dtype === cast.attributesOf(node).to],
  [concat, (node) => node.inputs.length === 1],
  [tile, (node) => tile.attributesOf(node).repeats.every((count) => count === 1)],
  [pad, (node) => [...pad.attributesOf(node).before, ...pad.attributesOf(node).after].every((count) => count === 0)],
  [slice, (node) => unchangedShape(node) && slice.attributesOf(node).steps.every((step) => step === 1)],
  [
    clamp,
    (node) =>
      clamp.attributesOf(node).minimum === Number.NEGATIVE_INFINITY &&
      clamp.attributesOf(node).maximum === Number.POSITIVE_INFINITY,
  ],
]);

/** Removes nodes that return their input unchanged, except where one stands between an input and an output of the graph. */
export const removeIdentities = rewrite("remove-identities", {
  roots: [...identities.keys()],
  find(node, graph) {
    const [x] = node.inputs as readonly Value[];
    if (!identities.get(node.op)!(node)) return undefined;
    const bare = x.producer === undefined && isGraphOutput(graph, node.outputs[0]);
    return bare || (isGraphOutput(graph, node.outputs[0]) && isGraphOutput(graph, x)) ? undefined : { x };
  },
  replace({ x }, node, graph) {
    const [output] = node.outputs;
    const named = isGraphOutput(graph, output) && x.producer ? output.name : undefined;
    graph.replaceUses(output, x);
    graph.removeNode(node);
    if (named) graph.rename(x, named);
  },
});

/** Merges a reshape into the reshape before it. */
export const mergeReshapes = rewrite("merge-reshapes", {
  roots: [reshape],
  find(node) {
    const inner = producedBy(node.inputs[0], reshape);
    return inner && { inner };
  },
  replace({ inner }, node, graph) {
    replaceNode(graph, node, { inputs: inner.inputs }, [inner]);
  },
});

/** Lets a reduction drop the axes that a reshape after it drops. */
export const dropReducedAxes = rewrite("drop-reduced-axes", {
  roots: [reshape],
  find(node, graph) {
    const reduction = node.inputs[0]?.producer;
    if (
      reduction === undefined ||
      (reduction.op !== mean && reduction.op !== sum) ||
      !usedOnce(graph, reduction.outputs[0])
    )
      return undefined;
    const { axes, keepDims } = mean.attributesOf(reduction);
    const remaining = reduction.outputs[0].type.shape.filter((_, axis) => !axes.includes(axis));
    return keepDims && sameShape(remaining, node.outputs[0].type.shape) ? { reduction } : undefined;
  },
  replace({ reduction }, node, graph) {
    const { op, inputs, attributes } = reduction;
    replaceNode(graph, node, { op, inputs, attributes: { ...attributes, keepDims: false } }, [reduction]);
  },
});
