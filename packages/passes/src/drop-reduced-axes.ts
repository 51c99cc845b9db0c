import { sameShape } from "@millrace/ir";
import { mean, reductionOperators, reshape } from "@millrace/ops";
import { replaceNode } from "./edit.ts";
import { refuse, rewrite, usedOnce } from "./rewrite.ts";

const reductions = new Set(Object.values(reductionOperators));

/** Lets a reduction drop the axes that a reshape after it drops. */
export const dropReducedAxes = rewrite("drop-reduced-axes", {
  roots: [reshape],
  find(node, graph) {
    const reduction = node.inputs[0]?.producer;
    if (reduction === undefined || !reductions.has(reduction.op as typeof mean)) return undefined;
    const { axes, keepDims } = mean.attributesOf(reduction);
    const [result] = reduction.outputs;
    const remaining = result.type.shape.filter((_, axis) => !axes.includes(axis));
    if (!keepDims || !sameShape(remaining, node.outputs[0].type.shape)) return undefined;
    return usedOnce(graph, result) ? { reduction } : refuse(`${reduction.name} is read by other nodes too`);
  },
  replace({ reduction }, node, graph) {
    const { op, inputs, attributes } = reduction;
    replaceNode(graph, node, { op, inputs, attributes: { ...attributes, keepDims: false } }, [reduction]);
  },
  examples: [
    {
      name: "a global mean that is flattened",
      before: `
        input x: f32[1,4,2,2]
        m: f32[1,4,1,1] = mean(x) {axes=[2,3], keepDims=true} from [mean]
        y: f32[1,4] = reshape(m) {shape=[1,4]} from [flatten]
        output y`,
      after: `
        input x: f32[1,4,2,2]
        y: f32[1,4] = mean(x) {axes=[2,3], keepDims=false} from [mean, flatten]
        output y`,
    },
    {
      name: "a sum that is read elsewhere too",
      before: `
        input x: f32[1,4,2,2]
        m: f32[1,4,1,1] = sum(x) {axes=[2,3], keepDims=true}
        y: f32[1,4] = reshape(m) {shape=[1,4]}
        output y
        output m`,
      noted: "m is read by other nodes too",
    },
    {
      name: "a reshape that drops other axes",
      before: `
        input x: f32[1,1,2,2]
        m: f32[1,1,2,1] = mean(x) {axes=[3], keepDims=true}
        y: f32[1,2,1] = reshape(m) {shape=[1,2,1]}
        output y`,
    },
  ],
});
