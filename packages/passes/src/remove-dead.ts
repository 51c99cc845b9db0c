import { removeNodes } from "./edit.ts";
import type { Pass } from "./pass.ts";

/** Removes nodes whose results nobody reads. Inputs of the graph stay. */
export const removeDead: Pass = {
  name: "remove-dead",
  run: (graph) => removeNodes(graph, [...graph.nodes()]).removed,
  examples: [
    {
      name: "a branch that leads nowhere",
      before: `
        input x: f32[2]
        input unused: f32[2]
        a: f32[2] = neg(x)
        b: f32[2] = neg(a)
        c: f32[2] = add(b, unused) {activation=none}
        output a`,
      after: `
        input x: f32[2]
        input unused: f32[2]
        a: f32[2] = neg(x)
        output a`,
    },
    {
      name: "a node with one result that is read",
      before: `
        input x: f32[2]
        a: f32[1], b: f32[1] = split(x) {axis=0, sizes=[1,1]}
        output b`,
    },
  ],
};
