import { isIdentityPermutation } from "@millrace/ir";
import { reshape, transpose } from "@millrace/ops";
import { replaceNode } from "../edit.ts";
import { rewrite } from "../rewrite.ts";
import { movesNothing } from "./permuted-value.ts";

/** Spells a transpose that moves only axes of size 1 as a reshape, which costs nothing. */
export const transposeToReshape = rewrite("transpose-to-reshape", {
  roots: [transpose],
  find(node) {
    const { shape, quantization } = node.inputs[0]!.type;
    const { permutation } = transpose.attributesOf(node);
    const plain = quantization?.axis === undefined || isIdentityPermutation(permutation);
    return plain && movesNothing(shape, permutation) ? {} : undefined;
  },
  replace(_, node, graph) {
    replaceNode(graph, node, { op: reshape, attributes: { shape: node.outputs[0].type.shape } });
  },
  examples: [
    {
      name: "an image with one channel",
      before: `
        input x: f32[N,1,3,4]
        y: f32[N,3,4,1] = transpose(x) {permutation=[0,2,3,1]}
        output y`,
      after: `
        input x: f32[N,1,3,4]
        y: f32[N,3,4,1] = reshape(x) {shape=[N,3,4,1]}
        output y`,
    },
    {
      name: "an image with two channels",
      before: `
        input x: f32[1,2,3,4]
        y: f32[1,3,4,2] = transpose(x) {permutation=[0,2,3,1]}
        output y`,
    },
  ],
});
