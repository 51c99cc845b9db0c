import { clamp } from "@millrace/ops";
import { replaceNode } from "./edit.ts";
import { producedBy, refuse, rewrite, rowEndingWith } from "./rewrite.ts";

/** Merges clamps that follow each other, such as ReLU6 after ReLU. */
export const mergeClamps = rewrite("merge-clamps", {
  roots: [clamp],
  find(node) {
    const row = rowEndingWith(node);
    if (row.length > 1) return { row };
    const shared = row.length === 1 && producedBy(node.inputs[0], clamp);
    return shared ? refuse(`${shared.name} is read by other nodes too`) : undefined;
  },
  replace({ row }, node, graph) {
    let [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (const { minimum, maximum } of row.map(clamp.attributesOf)) {
      low = Math.min(maximum, Math.max(minimum, low));
      high = Math.min(maximum, Math.max(minimum, high));
    }
    const attributes = { minimum: low, maximum: high };
    replaceNode(graph, node, { inputs: row[0].inputs, attributes }, row.slice(0, -1));
  },
  examples: [
    {
      name: "ReLU6 after ReLU",
      before: `
        input x: f32[2]
        a: f32[2] = clamp(x) {minimum=0, maximum=Infinity} from [relu]
        b: f32[2] = clamp(a) {minimum=-3, maximum=6} from [clip]
        output b`,
      after: `
        input x: f32[2]
        b: f32[2] = clamp(x) {minimum=0, maximum=6} from [relu, clip]
        output b`,
    },
    {
      name: "ranges that do not meet leave one number",
      before: `
        input x: f32[2]
        a: f32[2] = clamp(x) {minimum=0, maximum=1}
        b: f32[2] = clamp(a) {minimum=2, maximum=3}
        output b`,
      after: `
        input x: f32[2]
        b: f32[2] = clamp(x) {minimum=2, maximum=2}
        output b`,
    },
    {
      name: "after one that is read elsewhere too",
      before: `
        input x: f32[2]
        a: f32[2] = clamp(x) {minimum=0, maximum=Infinity}
        b: f32[2] = clamp(a) {minimum=0, maximum=6}
        output a
        output b`,
      noted: "a is read by other nodes too",
    },
  ],
});
