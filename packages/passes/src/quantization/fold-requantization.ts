import type { Node } from "@millrace/ir";
import { quantize } from "@millrace/ops";
import { inheritName } from "../edit.ts";
import { rewrite, usedOnce } from "../rewrite.ts";
import { stepsOf } from "./steps.ts";

/** Lets an operator that can choose its result's parameters give it in those that it is brought to right after. */
export const foldRequantization = rewrite("fold-requantization", {
  roots: [quantize],
  find(node, graph) {
    const [x] = node.inputs;
    const { producer } = x!;
    const wanted = stepsOf(node.outputs[0].type);
    const own = stepsOf(x!.type);
    if (!producer || !wanted || own?.dtype !== wanted.dtype || !usedOnce(graph, x!)) return undefined;
    return choosesSteps(producer) ? { source: x!, wanted } : undefined;
  },
  replace({ source, wanted }, node, graph) {
    graph.setType(source, { ...source.type, quantization: wanted.quantization });
    graph.replaceUses(node.outputs[0], source);
    inheritName(graph, source, node.outputs[0]);
  },
  examples: [
    {
      name: "a sum that another one wants in its steps",
      before: `
        input x: i8[2]<scale=[0.5], zeroPoint=[0]>
        a: i8[2]<scale=[1], zeroPoint=[0]> = add(x, x) {activation=none}
        b: i8[2]<scale=[3], zeroPoint=[3]> = quantize(a) {dtype=i8, scale=[3], zeroPoint=[3], axis=-1, rounding=away}
        output b`,
      after: `
        input x: i8[2]<scale=[0.5], zeroPoint=[0]>
        b: i8[2]<scale=[3], zeroPoint=[3]> = add(x, x) {activation=none} named a
        output b`,
    },
    {
      name: "a maximum, whose steps are those of its data",
      before: `
        input x: i8[2]<scale=[0.5], zeroPoint=[0]>
        a: i8[2]<scale=[0.5], zeroPoint=[0]> = maximum(x, x)
        b: i8[2]<scale=[3], zeroPoint=[3]> = quantize(a) {dtype=i8, scale=[3], zeroPoint=[3], axis=-1, rounding=away}
        output b`,
    },
  ],
});

function choosesSteps({ op, outputs }: Node): boolean {
  return op.quantization.kind === "free" && outputs.length === 1;
}
