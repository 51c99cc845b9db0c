import { transpose } from "@millrace/ops";
import { replaceNode } from "../edit.ts";
import { producedBy, rewrite, rowEndingWith } from "../rewrite.ts";
import { composePermutations } from "./permuted-value.ts";

/** Merges a transpose into those before it; if nothing is moved in the end, `removeIdentities` makes it vanish. */
export const mergeTransposes = rewrite("merge-transposes", {
  roots: [transpose],
  find(node) {
    const row = rowEndingWith(node);
    if (row.length === 0) return undefined;
    const shared = producedBy(row[0].inputs[0], transpose);
    return row.length > 1 || shared ? { row, shared } : undefined;
  },
  replace({ row, shared }, node, graph) {
    const permutation = [...(shared ? [shared] : []), ...row]
      .map((each) => transpose.attributesOf(each).permutation)
      .reduce(composePermutations);
    replaceNode(graph, node, { inputs: (shared ?? row[0]).inputs, attributes: { permutation } }, row.slice(0, -1));
  },
  examples: [
    {
      name: "three in a row",
      before: `
        input x: f32[2,3,4]
        a: f32[3,4,2] = transpose(x) {permutation=[1,2,0]} from [a]
        b: f32[3,2,4] = transpose(a) {permutation=[0,2,1]} from [b]
        c: f32[4,2,3] = transpose(b) {permutation=[2,1,0]} from [c]
        output c`,
      after: `
        input x: f32[2,3,4]
        c: f32[4,2,3] = transpose(x) {permutation=[2,0,1]} from [a, b, c]
        output c`,
    },
    {
      name: "after one that is an output",
      before: `
        input x: f32[2,3]
        a: f32[3,2] = transpose(x) {permutation=[1,0]}
        b: f32[2,3] = transpose(a) {permutation=[1,0]}
        c: f32[2,3] = neg(b)
        output a
        output c`,
      after: `
        input x: f32[2,3]
        a: f32[3,2] = transpose(x) {permutation=[1,0]}
        b: f32[2,3] = transpose(x) {permutation=[0,1]}
        c: f32[2,3] = neg(b)
        output a
        output c`,
    },
    {
      name: "with another operator between them",
      before: `
        input x: f32[2,3]
        a: f32[3,2] = transpose(x) {permutation=[1,0]}
        b: f32[3,2] = neg(a)
        c: f32[2,3] = transpose(b) {permutation=[1,0]}
        output c`,
    },
  ],
});
