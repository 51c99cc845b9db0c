import { bodiesOf, type Graph, parseGraph, verify } from "@millrace/ir";
import { mean, operators, reshape, resize, sub, transpose } from "@millrace/ops";
import { describe, expect, test } from "vitest";
import { bindDimensions } from "./bind-dimensions.ts";
import type { BoundaryChange } from "./layout/boundary.ts";
import { runPasses } from "./pass.ts";
import { channelsLast, cleanUp, layoutPasses } from "./pipelines.ts";
import { expectClose, resultsOf, runChecked } from "./testing.ts";
import { histogram, NetworkBuilder } from "./testing-graphs.ts";

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
  "channels that are shuffled between convolutions are in the order of their weights": {
    build: (n) => {
      const apart = n.reshape(n.relu(n.conv(n.input("x", [1, 3, 8, 8]), 6, 3)), [1, 2, 3, 6, 6]);
      const mixed = n.node(transpose, [apart], { permutation: [0, 2, 1, 3, 4] });
      return n.finish(n.conv(n.reshape(mixed, [1, 6, 6, 6]), 4, 1));
    },
    operators: { transpose: 2, conv2d: 2 },
  },
  "uneven padding before a convolution is fused": {
    build: (n) => n.finish(n.conv(n.pad(n.input("x", [1, 2, 8, 8]), 0, 0, 1, 1), 4, 3, { stride: 2 })),
    operators: { transpose: 2, conv2d: 1 },
  },
  "an image that is standardized first": {
    build: (n) => {
      const x = n.input("x", [1, 3, 8, 8]);
      const centered = n.node(sub, [x, n.node(mean, [x], { axes: [1, 2, 3], keepDims: true })], { activation: "none" });
      return n.finish(n.conv(centered, 4, 3));
    },
    operators: { transpose: 2, mean: 1, sub: 1, conv2d: 1 },
  },
  "an image that is read again at the end": {
    build: (n) => {
      const x = n.input("x", [1, 3, 8, 8]);
      const small = n.relu(n.conv(n.maxPool(x, 2), 4, 1));
      const sampling = { mode: "nearest", size: [8, 8], coordinates: "asymmetric", nearestRounding: "floor" };
      return n.finish(n.conv(n.concat([x, n.node(resize, [small], { ...sampling, layout: "first" })]), 2, 1));
    },
    operators: { transpose: 2, maxPool2d: 1, conv2d: 2, resize: 1, concat: 1 },
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
      runChecked(graph, [...cleanUp, ...channelsLast(changes)], changes);
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

test("two images that are joined first become channel-last both", () => {
  const n = new NetworkBuilder();
  const graph = n.finish(n.conv(n.add(n.input("x", [1, 3, 8, 8]), n.input("y", [1, 3, 8, 8])), 4, 3));
  const changes: BoundaryChange[] = [];
  runChecked(graph, [...cleanUp, ...channelsLast(changes)], changes);
  expect(histogram(graph)).toEqual({ add: 1, conv2d: 1 });
  expect(changes.map(({ name }) => name)).toEqual(["x", "y", graph.outputNames[0]]);
});

test("an open batch size may be bound before or after", () => {
  const results = [true, false].map((first) => {
    const n = new NetworkBuilder();
    const x = n.maxPool(n.relu(n.batchNorm(n.conv(n.input("x", ["N", 3, 8, 8]), 4, 3))), 2);
    const y = n.linear(n.reshape(n.concat([x, n.conv(x, 2, 1)]), ["N", 54]), 5);
    const graph = n.finish(n.softmax(y));
    const bind = bindDimensions(new Map([["N", 2]]));
    const passes = [...cleanUp, ...channelsLast()];
    runPasses(graph, first ? [bind, ...passes] : [...passes, bind], () => expect(verify(graph)).toEqual([]));
    return { computed: resultsOf(graph), operators: histogram(graph) };
  });
  expect(results[0].operators).toEqual(results[1].operators);
  expectClose(results[0].computed, results[1].computed);
});

test("every transpose that stays names what keeps it, past what does not", () => {
  const n = new NetworkBuilder();
  const x = n.node(reshape, [n.relu(n.input("x", [1, 12]))], { shape: [1, 3, 2, 2] });
  const graph = n.finish(n.softmax(n.reshape(n.relu(n.conv(n.relu(x), 2, 1), 1), [1, 8])));
  const { decisions } = runPasses(graph, [...cleanUp, ...channelsLast()]);
  const messages = decisions.filter(({ pass }) => pass === "explain-transposes").map(({ message }) => message);
  expect(messages).toEqual([
    "stands after reshape reshape_1, which splits off channels from height and width, and before conv2d conv2d_3, which takes channels last",
    "stands after conv2d conv2d_3, which gives channels last, and before reshape reshape_5, which merges channels with height and width",
  ]);
});

test("layouts change with the quantization of values, per axis too", () => {
  const graph = parseGraph(
    `graph quantized
    input x: i8[1,2,2,3]<scale=[0.5], zeroPoint=[3]>
    constant w: i8[2,1,1,3]<scale=[0.1, 0.2], zeroPoint=[0, 0], axis=0> = [1, 2, 3, 4, 5, 6]
    y: i8[1,2,2,2]<scale=[0.25], zeroPoint=[-1]> = conv2d(x, w) {stride=[1,1], dilation=[1,1], padding=[0,0,0,0], groups=1, layout=last, activation=none}
    z: i8[1,1,1,2]<scale=[0.25], zeroPoint=[-1]> = maxPool2d(y) {kernel=[2,2], stride=[2,2], dilation=[1,1], padding=[0,0,0,0], layout=last, activation=none}
    f: i8[2]<scale=[0.25], zeroPoint=[-1]> = reshape(z) {shape=[2]}
    output f`,
    operators,
  );
  runChecked(graph, layoutPasses("first"));
  expect(verify(graph)).toEqual([]);
  const values = [...graph.nodes()].flatMap(({ inputs, outputs }) => [...inputs, ...outputs]);
  expect(values.every((value) => value?.type.quantization)).toBe(true);
  expect(values.find((value) => value?.constant)?.type).toMatchObject({
    shape: [2, 3, 1, 1],
    quantization: { axis: 0 },
  });
});

test("bodies become channel-last inside and keep what they take and give", () => {
  const window = "dilation=[1,1], padding=[0,0,0,0], layout=first, activation=none";
  const graph = parseGraph(
    `graph branches
    input c: bool[1]
    input x: f32[1,2,4,4]
    a: f32[1,2,4,4] = maxPool2d(x) {kernel=[1,1], stride=[1,1], ${window}}
    y: f32[1,2,2,2] = if(c, a) {whenTrue=graph halves {
      input x: f32[1,2,4,4]
      constant w: f32[2,2,1,1] = [1, 2, 3, -4]
      d: f32[1,2,4,4] = conv2d(x, w) {stride=[1,1], groups=1, ${window}}
      e: f32[1,2,4,4] = clamp(d) {minimum=0, maximum=6}
      y: f32[1,2,2,2] = maxPool2d(e) {kernel=[2,2], stride=[2,2], ${window}}
      output y
    }, whenFalse=graph corner {
      input x: f32[1,2,4,4]
      y: f32[1,2,2,2] = slice(x) {starts=[0,0,1,1], sizes=[1,2,2,2], steps=[1,1,1,1]}
      output y
    }}
    output y`,
    operators,
  );
  const boundary: BoundaryChange[] = [];
  runChecked(graph, [...cleanUp, ...channelsLast(boundary)], boundary);
  const node = [...graph.nodes()].find(({ op }) => op.name === "if")!;
  const [[, body]] = bodiesOf(node.attributes);
  expect(body.inputs.map(({ type }) => type.shape)).toEqual([[1, 2, 4, 4]]);
  expect([...body.nodes()].map(({ op, attributes }) => [op.name, attributes["layout"]])).toEqual([
    ["transpose", undefined],
    ["conv2d", "last"],
    ["maxPool2d", "last"],
    ["transpose", undefined],
  ]);
});
