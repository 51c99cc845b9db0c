import { toChannelsFirst, toChannelsLast } from "@millrace/ops";
import type { Pass } from "../pass.ts";
import { moveNode } from "./move-node.ts";
import { Permuter } from "./permuted-value.ts";

/**
 * Turns every operator on image-like data to the wanted layout at once, each between transposes of its own; the passes
 * that follow make those meet and cancel. Operators that have no such form stay and are noted.
 */
export function changeLayout(to: "first" | "last"): Pass {
  const permutation = to === "last" ? toChannelsLast : toChannelsFirst;
  return {
    name: `channels-${to}`,
    run(graph, context) {
      const permuter = new Permuter(graph);
      let changes = 0;
      for (const node of graph.nodes()) {
        const layout = node.attributes["layout"];
        if (layout === undefined || layout === to) continue;
        const moved = node.op.transposed(node.inputs, node.attributes, permutation);
        if (moved === undefined) {
          const message = `${node.op.name} has no form with channels ${to}`;
          context.note({ pass: this.name, node: node.name, message });
          continue;
        }
        moveNode(graph, node, moved, permuter);
        changes++;
      }
      return changes;
    },
    examples: examples[to],
  };
}

const examples = {
  last: [
    {
      name: "a convolution whose result is an output",
      before: `
        input x: f32[1,2,3,4]
        constant w: f32[1,2,1,1] = [1, 2]
        y: f32[1,1,3,4] = conv2d(x, w) {stride=[1,1], dilation=[1,1], padding=[0,0,0,0], groups=1, layout=first, activation=none} from [conv]
        z: f32[1,1,3,4] = neg(y)
        output z`,
      after: `
        input x: f32[1,2,3,4]
        x_transposed: f32[1,3,4,2] = transpose(x) {permutation=[0,2,3,1]}
        constant w: f32[1,1,1,2] = [1, 2]
        y: f32[1,3,4,1] = conv2d(x_transposed, w) {stride=[1,1], dilation=[1,1], padding=[0,0,0,0], groups=1, layout=last, activation=none} from [conv]
        y_restored: f32[1,1,3,4] = transpose(y) {permutation=[0,3,1,2]} from [conv]
        z: f32[1,1,3,4] = neg(y_restored)
        output z`,
    },
    {
      name: "a pool that is channel-last already",
      before: `
        input x: f32[1,2,2,1]
        y: f32[1,1,1,1] = maxPool2d(x) {kernel=[2,2], stride=[2,2], dilation=[1,1], padding=[0,0,0,0], layout=last, activation=none}
        output y`,
    },
  ],
  first: [
    {
      name: "a pool whose result is an output, which keeps its name",
      before: `
        input x: f32[1,2,2,3]
        y: f32[1,1,1,3] = maxPool2d(x) {kernel=[2,2], stride=[2,2], dilation=[1,1], padding=[0,0,0,0], layout=last, activation=none}
        output y`,
      after: `
        input x: f32[1,2,2,3]
        x_transposed: f32[1,3,2,2] = transpose(x) {permutation=[0,3,1,2]}
        y_1: f32[1,3,1,1] = maxPool2d(x_transposed) {kernel=[2,2], stride=[2,2], dilation=[1,1], padding=[0,0,0,0], layout=first, activation=none} named y
        y: f32[1,1,1,3] = transpose(y_1) {permutation=[0,2,3,1]} named y_restored
        output y`,
    },
    {
      name: "an operator without a layout",
      before: `
        input x: f32[1,2,2,3]
        y: f32[1,2,2,3] = neg(x)
        output y`,
    },
  ],
};
