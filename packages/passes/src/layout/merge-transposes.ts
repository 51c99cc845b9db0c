import { isIdentityPermutation } from "@millrace/ir";
import { linear, reshape, transpose } from "@millrace/ops";
import { producedBy, replaceNode, rewrite } from "../rewrite.ts";
import { composePermutations, movesNothing, Permuter } from "./permuted-value.ts";

/** Merges a transpose into the transpose before it; two that undo each other vanish with `removeIdentities`. */
export const mergeTransposes = rewrite("merge-transposes", {
  roots: [transpose],
  find(node) {
    const inner = producedBy(node.inputs[0], transpose);
    return inner && { inner };
  },
  replace({ inner }, node, graph) {
    const permutation = composePermutations(
      transpose.attributesOf(inner).permutation,
      transpose.attributesOf(node).permutation,
    );
    replaceNode(
      graph,
      node,
      { inputs: inner.inputs, attributes: { permutation } },
      isIdentityPermutation(permutation) ? [inner] : [],
    );
  },
});

/** Spells a transpose that moves only axes of size 1 as a reshape, which costs nothing. */
export const transposeToReshape = rewrite("transpose-to-reshape", {
  roots: [transpose],
  find(node) {
    const { shape } = node.inputs[0]!.type;
    return movesNothing(shape, transpose.attributesOf(node).permutation) ? {} : undefined;
  },
  replace(_, node, graph) {
    replaceNode(graph, node, { op: reshape, attributes: { shape: node.outputs[0].type.shape } });
  },
});

/** Takes a transpose before a flattening linear layer into the order of its weights' columns. */
export const absorbIntoLinear = rewrite("absorb-into-linear", {
  roots: [linear],
  find(node) {
    const { x, weights } = linear.inputsOf(node);
    const flatten = producedBy(x, reshape);
    const moved = producedBy(flatten?.inputs[0], transpose);
    if (flatten === undefined || moved === undefined || weights.constant === undefined || weights.type.quantization)
      return undefined;
    const { permutation } = transpose.attributesOf(moved);
    const [batch, ...rest] = moved.outputs[0].type.shape;
    const flat = x.type.shape.length === 2 && x.type.shape[0] === batch && permutation[0] === 0;
    return flat && rest.every((size) => typeof size === "number")
      ? { flatten, moved, permutation, rest: rest as number[] }
      : undefined;
  },
  replace({ flatten, moved, permutation, rest }, node, graph) {
    const { weights, bias } = linear.inputsOf(node);
    const rows = weights.constant!.shape[0];
    const spread = graph.addConstant(weights.name, { ...weights.constant!, shape: [rows, ...rest] });
    const back = permutation.map((_, axis) => permutation.indexOf(axis));
    const sorted = new Permuter(graph).permuted(spread, back, node);
    const columns = graph.addConstant(weights.name, { ...sorted.constant!, shape: weights.constant!.shape });
    const source = moved.inputs[0]!;
    const flat = graph.addNode({
      op: reshape,
      inputs: [source],
      attributes: { shape: flatten.outputs[0].type.shape },
      name: flatten.name,
      origin: flatten.origin,
      before: node,
    });
    replaceNode(graph, node, { inputs: [flat.outputs[0], columns, ...(bias ? [bias] : [])] });
  },
});
