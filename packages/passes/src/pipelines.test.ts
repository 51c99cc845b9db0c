import type { Graph } from "@millrace/ir";
import { describe, expect, test } from "vitest";
import type { BoundaryChange } from "./layout/boundary.ts";
import { runPasses } from "./pass.ts";
import { channelsLast, cleanUp, layoutPasses } from "./pipelines.ts";
import { expectClose, resultsOf } from "./testing.ts";
import { histogram, NetworkBuilder } from "./testing-graphs.ts";

/** Runs passes, checking after each that the graph still computes the same. */
function runChecked(graph: Graph, passes: Parameters<typeof runPasses>[1]) {
  const before = resultsOf(graph);
  return runPasses(graph, passes, () => expectClose(resultsOf(graph), before));
}

const networks: Record<string, { build(n: NetworkBuilder): Graph; operators: Record<string, number> }> = {
  "convolution, batch norm and ReLU6 become one node": {
    build: (n) => n.finish(n.relu(n.batchNorm(n.conv(n.input("x", [1, 3, 8, 8]), 4, 3)), 6)),
    operators: { conv2d: 1, transpose: 2 },
  },
  "a residual block keeps no transpose inside": {
    build: (n) => {
      const x = n.relu(n.conv(n.input("x", [1, 3, 8, 8]), 4, 3, { padding: 1 }));
      const y = n.conv(n.relu(n.conv(x, 4, 3, { padding: 1 })), 4, 1);
      return n.finish(n.softmax(n.linear(n.reshape(n.globalMean(n.relu(n.add(x, y))), [1, 4]), 5)));
    },
    operators: { transpose: 1, conv2d: 3, add: 1, mean: 1, linear: 1, softmax: 1 },
  },
  "flattening after channels is absorbed in the weights of the linear layer": {
    build: (n) => n.finish(n.linear(n.reshape(n.maxPool(n.conv(n.input("x", [1, 2, 8, 8]), 4, 3), 2), [1, 36]), 5)),
    operators: { transpose: 1, conv2d: 1, maxPool2d: 1, reshape: 1, linear: 1 },
  },
  "concatenation along channels moves with them": {
    build: (n) => {
      const x = n.relu(n.conv(n.input("x", [1, 3, 8, 8]), 4, 3, { padding: 1 }));
      const y = n.maxPool(n.concat([n.conv(x, 2, 1), n.conv(x, 3, 3, { padding: 1 }), x]), 2);
      return n.finish(n.reshape(n.globalMean(n.conv(y, 6, 1)), [1, 6]));
    },
    operators: { transpose: 1, conv2d: 4, concat: 1, maxPool2d: 1, mean: 1 },
  },
  "a squeeze-and-excitation block scales channels without transposes": {
    build: (n) => {
      const x = n.relu(n.conv(n.input("x", [1, 3, 8, 8]), 4, 3, { padding: 1 }));
      const gate = n.relu(n.conv(n.relu(n.conv(n.globalMean(x), 2, 1)), 4, 1), 1);
      return n.finish(n.reshape(n.globalMean(n.conv(n.mul(x, gate), 6, 1)), [1, 6]));
    },
    operators: { transpose: 1, conv2d: 4, mean: 2, clamp: 1, mul: 1 },
  },
  "pre-activation batch norms with affine constants become one factor and one offset": {
    build: (n) => {
      const x = n.conv(n.input("x", [1, 3, 8, 8]), 4, 3);
      const affine = n.add(
        n.mul(n.batchNorm(n.concat([x, x])), n.constant("g", [8, 1, 1])),
        n.constant("s", [8, 1, 1]),
      );
      return n.finish(n.reshape(n.globalMean(n.conv(n.relu(affine), 6, 1)), [1, 6]));
    },
    operators: { transpose: 1, conv2d: 2, concat: 1, mul: 1, add: 1, mean: 1 },
  },
  "uneven padding before a convolution is fused": {
    build: (n) => n.finish(n.conv(n.pad(n.input("x", [1, 2, 8, 8]), 0, 0, 1, 1), 4, 3, { stride: 2 })),
    operators: { transpose: 2, conv2d: 1 },
  },
};

describe("to channel-last with the source's inputs and outputs", () => {
  for (const [name, { build, operators }] of Object.entries(networks)) {
    test(name, () => {
      const graph = build(new NetworkBuilder());
      runChecked(graph, [...cleanUp, ...channelsLast()]);
      expect(histogram(graph)).toEqual(operators);
    });
  }
});

describe("to channel-last with channel-last inputs and outputs", () => {
  for (const [name, { build, operators }] of Object.entries(networks)) {
    test(name, () => {
      const graph = build(new NetworkBuilder());
      const changes: BoundaryChange[] = [];
      runPasses(graph, [...cleanUp, ...channelsLast(changes)]);
      const { transpose: _, ...rest } = operators;
      expect(histogram(graph)).toEqual(rest);
      expect(changes.filter(({ kind }) => kind === "input")).toHaveLength(1);
    });
  }
});

test("there and back again leaves no transpose", () => {
  for (const { build } of Object.values(networks)) {
    const graph = build(new NetworkBuilder());
    runChecked(graph, [...cleanUp, ...channelsLast(), ...layoutPasses("first")]);
    expect(histogram(graph)["transpose"]).toBeUndefined();
  }
});
