import { fromNumbers, type Graph, type Value, verify } from "@millrace/ir";
import { add, leakyRelu, reshape, slice, toChannelsFirst, toChannelsLast, transpose } from "@millrace/ops";
import { expect, test } from "vitest";
import { runPasses } from "./pass.ts";
import { channelsLast, cleanUp, layoutPasses } from "./pipelines.ts";
import { NetworkBuilder } from "./testing-graphs.ts";
import { workOf } from "./testing-work.ts";

type Step = (n: NetworkBuilder, x: Value, index: number) => Value;

function chain(step: Step, start: Step = (_, x) => x) {
  return (count: number) => {
    const n = new NetworkBuilder();
    let x = start(n, n.input("x", [1, 2, 2, 3]), 0);
    for (let index = 0; index < count; index++) x = step(n, x, index);
    return n.finish(x);
  };
}

/** Many readers of one convolution, joined or each an output. */
function fan(step: Step, joined: boolean) {
  return (count: number) => {
    const n = new NetworkBuilder();
    const x = n.conv(n.input("x", [1, 2, 2, 3]), 2, 1);
    const branches = Array.from({ length: count }, (_, index) => step(n, x, index));
    return joined ? n.finish(n.concat(branches)) : n.finish(...branches);
  };
}

const shrink: Step = (n, x) => n.node(leakyRelu, [x], { alpha: 0.1 });
const offset: Step = (n, x, index) => n.add(x, n.constant("c", index % 2 ? [2, 1, 1] : [3]));

const networks: Readonly<Record<string, (count: number) => Graph>> = {
  "convolutions with batch norms and activations": chain((n, x) => n.relu(n.batchNorm(n.conv(x, 2, 1)))),
  "residual blocks": chain((n, x) => n.relu(n.add(x, n.conv(n.relu(n.conv(x, 2, 1)), 2, 1)))),
  "gated blocks": chain((n, x) => n.conv(n.mul(x, n.relu(n.conv(n.globalMean(x), 2, 1), 1)), 2, 1)),
  "batch norms after one convolution": chain(
    (n, x) => n.batchNorm(x),
    (n, x) => n.conv(x, 2, 1),
  ),
  "factors and offsets by turns": chain((n, x, index) => {
    const constant = n.constant("c", [2, 1, 1]);
    return index % 2 ? n.add(x, constant) : n.mul(x, constant);
  }),
  "offsets along different axes": chain(offset),
  "activations after a convolution": chain(shrink, (n, x) => n.conv(x, 2, 1)),
  "clamps after a convolution": chain(
    (n, x, index) => n.relu(x, 9 + index),
    (n, x) => n.conv(x, 2, 1),
  ),
  "paddings before a convolution": (count) => {
    const n = new NetworkBuilder();
    let x = n.input("x", [1, 1, 1, 1]);
    for (let index = 0; index < count; index++) x = n.pad(x, 0, 0, 0, 1);
    return n.finish(n.concat(Array.from({ length: count }, () => shrink(n, n.conv(x, 1, 1), 0))));
  },
  "gates of their own data": chain((n, x) => n.mul(x, n.relu(x, 1))),
  reshapes: chain((n, x, index) => n.node(reshape, [x], { shape: index % 2 ? [1, 2, 2, 3] : [12] })),
  "transposes by turns with activations": chain((n, x, index) => {
    const permutation = index % 4 ? toChannelsFirst : toChannelsLast;
    return index % 2 ? shrink(n, x, 0) : n.node(transpose, [x], { permutation });
  }),
  "reshapes that are read twice": (count) => {
    const n = new NetworkBuilder();
    let x = n.input("x", [12]);
    const outputs = Array.from({ length: count }, (_, index) => {
      x = n.node(reshape, [x], { shape: index % 2 ? [12] : [1, 2, 2, 3] });
      return shrink(n, x, 0);
    });
    return n.finish(...outputs);
  },
  "convolutions of one value, joined": fan((n, x) => n.conv(x, 2, 1), true),
  "activations of one value, joined": fan((n, x, index) => n.node(leakyRelu, [x], { alpha: index }), true),
  "clamps of one value, joined": fan((n, x, index) => n.relu(x, index), true),
  "offsets of one value, joined": fan(offset, true),
  "convolutions of one value, all outputs": fan((n, x) => n.conv(x, 2, 1), false),
  "parts of one value": fan(
    (n, x) => n.node(slice, [x], { starts: [0, 0, 0, 0], sizes: [1, 1, 2, 3], steps: [1, 1, 1, 1] }),
    true,
  ),
  "sums of constants": chain((n, x) => {
    const one = n.graph.addConstant("one", fromNumbers("f32", [1], [1]));
    return n.add(x, n.node(add, [one, one], { activation: "none" }));
  }),
};

for (const [name, make] of Object.entries(networks)) {
  test(`four times the ${name} are about four times the work`, () => {
    const [small, large] = [60, 240].map((count) => {
      const graph = make(count);
      return workOf(() => {
        runPasses(graph, [...cleanUp, ...channelsLast([]), ...layoutPasses("first")]);
        verify(graph);
      });
    });
    expect(large / small).toBeLessThan(4.3);
  });
}
