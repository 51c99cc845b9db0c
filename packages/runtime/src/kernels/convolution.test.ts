import { Graph, perAxis, type Tensor } from "@millrace/ir";
import { conv2d, transposeConv2d, transposeTensor } from "@millrace/ops";
import { describe, expect, it } from "vitest";
import { multiplyBy, quantizeMultiplier } from "../arithmetic/multiplier.ts";
import { quantized, runGraph, sequence, tensor } from "./sample.testing.ts";

interface Case {
  readonly name: string;
  readonly x: readonly [number, number, number, number];
  /** OHWI. */
  readonly weights: readonly [number, number, number, number];
  readonly stride?: readonly number[];
  readonly dilation?: readonly number[];
  readonly padding?: readonly number[];
  readonly groups?: number;
}

const cases: readonly Case[] = [
  { name: "3 by 3 with padding", x: [1, 5, 4, 3], weights: [5, 3, 3, 3], padding: [1, 1, 1, 1] },
  { name: "one pixel, odd count", x: [1, 3, 3, 7], weights: [6, 1, 1, 7] },
  { name: "one pixel with stride", x: [1, 5, 5, 4], weights: [3, 1, 1, 4], stride: [2, 2] },
  { name: "batch, stride and dilation", x: [2, 8, 7, 2], weights: [4, 3, 2, 2], stride: [2, 1], dilation: [2, 3] },
  { name: "lopsided padding", x: [1, 4, 4, 1], weights: [2, 3, 3, 1], padding: [0, 2, 1, 0] },
  { name: "three groups", x: [1, 4, 4, 6], weights: [9, 2, 2, 2], groups: 3 },
  { name: "depthwise", x: [1, 5, 5, 4], weights: [4, 3, 3, 1], groups: 4, padding: [1, 1, 1, 1] },
  { name: "depthwise with two filters each", x: [2, 4, 4, 3], weights: [6, 2, 2, 1], groups: 3, stride: [2, 2] },
  { name: "sums longer than one chunk", x: [1, 2, 3, 1300], weights: [2, 1, 1, 1300] },
];

const inputScale = 0.02;
const inputZero = -7;
const outputScale = 0.05;
const outputZero = 3;

/** A convolution with per-channel weights and its inputs. */
function build(
  { x, weights, stride = [1, 1], dilation = [1, 1], padding = [0, 0, 0, 0], groups = 1 }: Case,
  layout: "first" | "last",
) {
  const attributes = { stride, dilation, padding, groups, layout, activation: "none" };
  const outputs = weights[0];
  const data = tensor(
    "i8",
    x,
    sequence(
      1,
      x.reduce((a, b) => a * b),
      -128,
      127,
    ),
  );
  const filter = tensor(
    "i8",
    weights,
    sequence(
      2,
      weights.reduce((a, b) => a * b),
      -127,
      127,
    ),
  );
  const bias = tensor("i32", [outputs], sequence(3, outputs, -3000, 3000));
  const scales = Array.from({ length: outputs }, (_, index) => 0.001 * (index + 1));
  const moved = (value: Tensor) => (layout === "first" ? transposeTensor(value, [0, 3, 1, 2]) : value);
  const graph = new Graph("convolution");
  const input = graph.addInput("x", quantized("i8", moved(data).shape, inputScale, inputZero));
  const inputs = [
    input,
    graph.addConstant("weights", moved(filter), perAxis(scales, 0)),
    graph.addConstant(
      "bias",
      bias,
      perAxis(
        scales.map((scale) => scale * inputScale),
        0,
      ),
    ),
  ];
  const [{ dtype, shape }] = conv2d.infer(inputs, attributes);
  const outputType = quantized(dtype as "i8", shape as number[], outputScale, outputZero);
  const node = graph.addNode({ op: conv2d, inputs, attributes, name: "y", outputTypes: [outputType] });
  graph.setOutputs(node.outputs);
  return { graph, data, filter, bias, scales, attributes, feed: moved(data), shape: shape as number[] };
}

/** What the definition says: exact sums by the operator itself, then multiplier, zero point and clamp. */
function expected(entry: Case): number[] {
  const { data, filter, bias, scales, attributes, shape } = build(entry, "last");
  const centered = tensor(
    "f32",
    data.shape,
    Array.from(data.data as Int8Array, (value) => value - inputZero),
  );
  const [sums] = conv2d.evaluate!([centered, filter, bias], attributes, [{ dtype: "f64", shape }]);
  return Array.from(sums.data as Float64Array, (sum, at) => {
    const channel = at % scales.length;
    const factor = (Math.fround(inputScale) * Math.fround(scales[channel])) / Math.fround(outputScale);
    const { value, shift } = quantizeMultiplier(factor);
    return Math.max(-128, Math.min(127, multiplyBy.double(sum, value, shift) + outputZero));
  });
}

describe("integer conv2d", () => {
  it.each(cases)("$name", async (entry) => {
    const { graph, feed } = build(entry, "last");
    const { values } = await runGraph(graph, [feed]);
    expect(values).toEqual(expected(entry));
    expect(new Set(values).size).toBeGreaterThan(2);
  });

  it.each(cases)("$name, channels first", async (entry) => {
    const { graph, feed, shape } = build(entry, "first");
    const { values } = await runGraph(graph, [feed]);
    const last = transposeTensor(tensor("i8", shape, values), [0, 2, 3, 1]);
    expect(Array.from(last.data as Int8Array)).toEqual(expected(entry));
  });

  it("clamps a fused activation in integers", async () => {
    const { graph, feed } = build(cases[0], "last");
    const [node] = [...graph.nodes()];
    graph.setAttributes(node, { ...node.attributes, activation: "relu6" });
    const { values } = await runGraph(graph, [feed]);
    const clamped = expected(cases[0]).map((value) => Math.max(outputZero, Math.min(outputZero + 120, value)));
    expect(values).toEqual(clamped);
  });

  it("computes weights that are no constants", async () => {
    const { feed, filter, bias, scales, attributes, shape } = build(cases[0], "last");
    const graph = new Graph("dynamic");
    const inputs = [
      graph.addInput("x", quantized("i8", feed.shape, inputScale, inputZero)),
      graph.addInput("weights", { dtype: "i8", shape: filter.shape, quantization: perAxis(scales, 0) }),
      graph.addInput("bias", { dtype: "i32", shape: bias.shape }),
    ];
    const outputTypes = [quantized("i8", shape, outputScale, outputZero)];
    graph.setOutputs(graph.addNode({ op: conv2d, inputs, attributes, outputTypes }).outputs);
    expect((await runGraph(graph, [feed, filter, bias])).values).toEqual(expected(cases[0]));
  });
});

describe("real conv2d", () => {
  it.each(cases)("$name equals the operator's own evaluation", async (entry) => {
    const { data, filter, bias, attributes, shape } = build(entry, "last");
    const [x, w, b] = [data, filter, bias].map((value) =>
      tensor(
        "f32",
        value.shape,
        Array.from(value.data as Int8Array, (stored) => Math.sin(stored)),
      ),
    );
    const graph = new Graph("real");
    const inputs = [graph.addInput("x", x), graph.addConstant("w", w), graph.addConstant("b", b)];
    graph.setOutputs(graph.addNode({ op: conv2d, inputs, attributes }).outputs);
    const [direct] = conv2d.evaluate!([x, w, b], attributes, [{ dtype: "f32", shape }]);
    expect((await runGraph(graph, [x])).values).toEqual(Array.from(direct.data as Float32Array));
  });
});

describe("integer transposeConv2d", () => {
  const shapes = { x: [2, 3, 2, 4], weights: [3, 3, 2, 4] };
  const attributes = {
    stride: [2, 1],
    dilation: [1, 2],
    padding: [1, 0, 0, 1],
    outputSize: [5, 3],
    groups: 2,
    layout: "last",
    activation: "none",
  };

  it("adds what every pixel contributes, group by group", async () => {
    const data = tensor("i8", shapes.x, sequence(4, 48, -128, 127));
    const filter = tensor("i8", shapes.weights, sequence(5, 72, -127, 127));
    const graph = new Graph("transposed");
    const inputs = [
      graph.addInput("x", quantized("i8", shapes.x, inputScale, inputZero)),
      graph.addConstant("weights", filter, { scale: [Math.fround(0.01)], zeroPoint: [0] }),
    ];
    const [{ shape }] = transposeConv2d.infer(inputs, attributes);
    const outputTypes = [quantized("i8", shape as number[], outputScale, outputZero)];
    graph.setOutputs(graph.addNode({ op: transposeConv2d, inputs, attributes, outputTypes }).outputs);
    const centered = tensor(
      "f32",
      shapes.x,
      Array.from(data.data as Int8Array, (value) => value - inputZero),
    );
    const [sums] = transposeConv2d.evaluate!([centered, filter], attributes, [{ dtype: "f64", shape }]);
    const factor = (Math.fround(inputScale) * Math.fround(0.01)) / Math.fround(outputScale);
    const { value, shift } = quantizeMultiplier(factor);
    const direct = Array.from(sums.data as Float64Array, (sum) =>
      Math.max(-128, Math.min(127, multiplyBy.double(sum, value, shift) + outputZero)),
    );
    expect((await runGraph(graph, [data])).values).toEqual(direct);
  });
});
