import { ifOperator } from "@millrace/ops";
import { inlineGraph } from "./inline-graph.ts";
import { isOutput, refuse, rewrite } from "./rewrite.ts";

/** Puts the nodes of a branch in the place of a condition that is known, and leaves the other branch out. */
export const inlineBranches = rewrite("inline-branches", {
  roots: [ifOperator],
  find(node, graph) {
    const { condition, values } = ifOperator.inputsOf(node);
    if (condition.constant === undefined) return undefined;
    const { whenTrue, whenFalse } = ifOperator.attributesOf(node);
    const body = condition.constant.data[0] ? whenTrue : whenFalse;
    const named = node.outputs.flatMap((output, index) => (isOutput(graph, output) ? [body.outputs[index]] : []));
    const free = named.every((value) => value.constant || value.producer) && new Set(named).size === named.length;
    return free ? { body, values } : refuse("its branch gives an output of the model that has another name already");
  },
  replace({ body, values }, node, graph) {
    const results = inlineGraph(graph, body, values, node);
    for (const [index, output] of node.outputs.entries()) {
      const { name } = output;
      const result = results[index];
      const keepsName = isOutput(graph, output);
      graph.replaceUses(output, result);
      if (!keepsName) continue;
      graph.rename(output, "unused");
      graph.rename(result, name);
    }
  },
  examples: [
    {
      name: "a condition that holds; what follows and the output's name stay",
      before: `
        constant c: bool[1] = [1]
        input x: f32[2]
        y: f32[2], z: f32[2] = if(c, x) {whenTrue=graph t {
          input x: f32[2]
          constant one: f32[2] = [1, 1]
          a: f32[2] = add(x, one) {activation=none} from [sum]
          output a
          output x
        }, whenFalse=graph e {
          input x: f32[2]
          a: f32[2] = neg(x)
          output a
          output a
        }}
        b: f32[2] = abs(z)
        output y
        output b`,
      after: `
        input x: f32[2]
        constant one: f32[2] = [1, 1]
        y: f32[2] = add(x, one) {activation=none} named a from [sum]
        b: f32[2] = abs(x)
        output y
        output b`,
    },
    {
      name: "a condition that is computed",
      before: `
        input c: bool[1]
        input x: f32[2]
        y: f32[2] = if(c, x) {whenTrue=graph t {
          input x: f32[2]
          y: f32[2] = neg(x)
          output y
        }, whenFalse=graph e {
          input x: f32[2]
          output x
        }}
        output y`,
    },
    {
      name: "a branch that gives an input as an output of the model",
      before: `
        constant c: bool[1] = [0]
        input x: f32[2]
        y: f32[2] = if(c, x) {whenTrue=graph t {
          input x: f32[2]
          y: f32[2] = neg(x)
          output y
        }, whenFalse=graph e {
          input x: f32[2]
          output x
        }}
        output y`,
      noted: "its branch gives an output of the model that has another name already",
    },
  ],
});
