import { sameQuantization } from "@millrace/ir";
import { reshape } from "@millrace/ops";
import { replaceNode } from "./edit.ts";
import { producedBy, refuse, rewrite, rowEndingWith } from "./rewrite.ts";

/** Merges a reshape into those before it: only the last shape counts. */
export const mergeReshapes = rewrite("merge-reshapes", {
  roots: [reshape],
  find(node) {
    const row = rowEndingWith(node);
    if (row.length === 0) return undefined;
    const shared = producedBy(row[0].inputs[0], reshape);
    const [x] = (shared ?? row[0]).inputs;
    if (row.length === 1 && shared === undefined) return undefined;
    if (!sameQuantization(x!.type.quantization, node.outputs[0].type.quantization))
      return refuse(`${node.name} stands for other real numbers than ${x!.name}`);
    return { x, merged: row.slice(0, -1) };
  },
  replace({ x, merged }, node, graph) {
    replaceNode(graph, node, { inputs: [x] }, merged);
  },
  examples: [
    {
      name: "three in a row",
      before: `
        input x: f32[2,3]
        a: f32[6] = reshape(x) {shape=[6]} from [a]
        b: f32[3,2] = reshape(a) {shape=[3,2]} from [b]
        c: f32[1,6] = reshape(b) {shape=[1,6]} from [c]
        output c`,
      after: `
        input x: f32[2,3]
        c: f32[1,6] = reshape(x) {shape=[1,6]} from [a, b, c]
        output c`,
    },
    {
      name: "after one that is read elsewhere too",
      before: `
        input x: f32[2,3]
        a: f32[6] = reshape(x) {shape=[6]}
        b: f32[3,2] = reshape(a) {shape=[3,2]}
        output a
        output b`,
      after: `
        input x: f32[2,3]
        a: f32[6] = reshape(x) {shape=[6]}
        b: f32[3,2] = reshape(x) {shape=[3,2]}
        output a
        output b`,
    },
    {
      name: "integers that stand for other real numbers afterwards",
      before: `
        input x: i8[2,1]<scale=[1], zeroPoint=[0]>
        a: i8[2]<scale=[1], zeroPoint=[0]> = reshape(x) {shape=[2]}
        b: i8[1,2]<scale=[0.5], zeroPoint=[0]> = reshape(a) {shape=[1,2]}
        output b`,
      noted: "b stands for other real numbers than x",
    },
  ],
});
