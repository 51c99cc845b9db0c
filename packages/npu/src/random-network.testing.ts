import { fromNumbers, Graph, perAxis, perTensor, type Tensor, type Value, type ValueType } from "@millrace/ir";
import {
  add,
  averagePool2d,
  concat,
  conv2d,
  linear,
  matmul,
  maxPool2d,
  mean,
  mul,
  pad,
  prelu,
  reduceMax,
  reduceMin,
  reshape,
  sigmoid,
  transposeConv2d,
} from "@millrace/ops";
import fc from "fast-check";
import type { Machine } from "./index.ts";

export type Sizes = readonly [number, number, number, number];

/** Numbers from a fixed sequence, uniform over the integers low … high. */
function sequence(seed: number, count: number, low: number, high: number): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return low + Math.floor((state / 2 ** 32) * (high - low + 1));
  });
}

export const typeOf = (shape: readonly number[], scale = 0.05, zero = 3): ValueType => ({
  dtype: "i8",
  shape,
  quantization: perTensor(scale, zero),
});

const count = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

/** Integers of all sizes, or small ones for every fourth seed. */
export function bytes(seed: number, shape: readonly number[]): Tensor {
  const range = seed % 4 === 0 ? 16 : 1;
  return fromNumbers("i8", shape, sequence(seed, count(shape), -128 / range, Math.floor(127 / range)));
}

const kinds = [
  "one-pixel",
  "window",
  "depthwise",
  "grouped",
  "transposed",
  "product",
  "mean",
  "greatest",
  "sum",
  "weighted-pixels",
  "sigmoid",
  "slopes",
  "greatest-of-row",
  "least-of-column",
  "mean-of-row",
  "mean-of-image",
  "mean-of-channels",
  "twice",
  "padded",
] as const;

/** A step of a random network. */
export interface Step {
  readonly kind: (typeof kinds)[number];
  readonly channels: number;
  readonly stride: number;
  readonly seed: number;
}

/** Groups of a convolution's channels: of one each, or of the fewest that divide them. */
function groupsOf(kind: Step["kind"], depth: number): number {
  if (kind === "depthwise") return depth;
  return kind === "grouped" ? ([2, 3, 5, 7, 11].find((divisor) => depth % divisor === 0) ?? 1) : 1;
}

const reductions: Readonly<Record<string, readonly [typeof mean, readonly number[]]>> = {
  "greatest-of-row": [reduceMax, [2]],
  "least-of-column": [reduceMin, [1]],
  "mean-of-row": [mean, [2]],
  "mean-of-image": [mean, [1, 2]],
  "mean-of-channels": [mean, [3]],
};

/** Appends a step to a network whose data are images. */
export function append(graph: Graph, x: Value, { kind, channels, stride, seed }: Step): Value {
  const [, height, width, depth] = x.type.shape as unknown as Sizes;
  const output = (shape: readonly number[]) => ({
    outputTypes: [typeOf(shape, 0.01 * (1 + (seed % 9)), (seed % 7) - 3)],
  });
  if (kind === "sigmoid") {
    const outputTypes = [typeOf(x.type.shape as Sizes, 1 / 256, -128)];
    return graph.addNode({ op: sigmoid, inputs: [x], attributes: {}, outputTypes }).outputs[0];
  }
  if (kind === "sum") {
    const attributes = { activation: seed % 2 ? "relu" : "none" };
    return graph.addNode({ op: add, inputs: [x, x], attributes, ...output(x.type.shape as Sizes) }).outputs[0];
  }
  if (kind === "weighted-pixels") {
    const factors = graph.addConstant("factors", bytes(seed, [height, 1, 1]), perTensor(0.02, seed % 5));
    const attributes = { activation: "none" };
    return graph.addNode({ op: mul, inputs: [x, factors], attributes, ...output(x.type.shape as Sizes) }).outputs[0];
  }
  if (kind === "slopes") {
    const slopes = graph.addConstant("slopes", bytes(seed, [1, 1, depth]), perTensor(0.01, seed % 5));
    return graph.addNode({ op: prelu, inputs: [x, slopes], attributes: {}, ...output(x.type.shape as Sizes) })
      .outputs[0];
  }
  if (kind in reductions) {
    const [op, axes] = reductions[kind];
    const attributes = { axes, keepDims: true };
    const shape = (x.type.shape as Sizes).map((size, axis) => (axes.includes(axis) ? 1 : size));
    const types = op === mean ? output(shape) : { outputTypes: [{ ...x.type, shape }] };
    return graph.addNode({ op, inputs: [x], attributes, ...types }).outputs[0];
  }
  if (kind === "twice") {
    const shape = [1, height, width, 2 * depth];
    return graph.addNode({ op: concat, inputs: [x, x], attributes: { axis: 3 }, outputTypes: [{ ...x.type, shape }] })
      .outputs[0];
  }
  if (kind === "padded") {
    const attributes = { before: [0, 1, 0, 0], after: [0, 0, 2, 0], mode: "constant", value: 0 };
    const shape = [1, height + 1, width + 2, depth];
    return graph.addNode({ op: pad, inputs: [x], attributes, outputTypes: [{ ...x.type, shape }] }).outputs[0];
  }
  if (kind === "mean" || kind === "greatest") {
    const window = { kernel: [2, 2], stride: [stride, stride], padding: [0, 0, 1, 1], layout: "last" };
    const attributes = {
      ...window,
      ...(kind === "mean" ? { countPadding: false, activation: "none" } : { dilation: [1, 1], activation: "none" }),
    };
    const op = kind === "mean" ? averagePool2d : maxPool2d;
    const [{ shape }] = op.infer([x], attributes);
    return graph.addNode({ op, inputs: [x], attributes, outputTypes: [{ ...x.type, shape }] }).outputs[0];
  }
  if (kind === "transposed") return appendTransposed(graph, x, { kind, channels, stride, seed });
  if (kind === "product") {
    const transposeB = seed % 2 === 0;
    const factor = bytes(seed, transposeB ? [channels, depth] : [depth, channels]);
    const inputs = [x, graph.addConstant("factor", factor, perTensor(0.004, 0))];
    const attributes = { transposeA: false, transposeB };
    return graph.addNode({ op: matmul, inputs, attributes, ...output([1, height, width, channels]) }).outputs[0];
  }
  const groups = groupsOf(kind, depth);
  const outputs = { depthwise: depth, grouped: groups * Math.ceil(channels / groups) }[kind as string] ?? channels;
  const kernel = kind === "one-pixel" ? 1 : 3;
  const weights = [outputs, kernel, kernel, depth / groups];
  const scales = Array.from({ length: outputs }, (_, index) => 0.002 * (1 + (index % 5)));
  const around = kernel === 1 ? [0, 0, 0, 0] : [1, 1, 1, 1];
  const attributes = {
    stride: [stride, stride],
    dilation: [1, 1],
    padding: around,
    groups,
    layout: "last",
    activation: seed % 3 ? "relu6" : "none",
  };
  const bias = fromNumbers("i32", [outputs], sequence(seed + 1, outputs, -2000, 2000));
  const inputs = [x, graph.addConstant("w", bytes(seed, weights), perAxis(scales, 0)), graph.addConstant("b", bias)];
  const [{ shape }] = conv2d.infer(inputs, attributes);
  return graph.addNode({ op: conv2d, inputs, attributes, ...output(shape as Sizes) }).outputs[0];
}

/** Appends a transposed convolution that crops and enlarges its full result by what the seed tells. */
function appendTransposed(graph: Graph, x: Value, { channels, stride, seed }: Step): Value {
  const [, height, width, depth] = x.type.shape as unknown as Sizes;
  const kernel = [1 + (seed % 4), 1 + (seed % 3)];
  const padding = [seed % kernel[0], (seed + 1) % kernel[1], 0, 0];
  const outputSize = [height, width].map((size, axis) => Math.max(1, size * stride + (seed % 5) - 1 + axis));
  const scales = Array.from({ length: channels }, (_, index) => 0.002 * (1 + (index % 5)));
  const weights = graph.addConstant("w", bytes(seed, [channels, ...kernel, depth]), perAxis(scales, 0));
  const bias = graph.addConstant("b", fromNumbers("i32", [channels], sequence(seed, channels, -2000, 2000)));
  const attributes = {
    stride: [stride, 1 + (seed % 2)],
    dilation: [1, 1],
    padding,
    outputSize,
    groups: 1,
    layout: "last",
    activation: seed % 3 ? "relu" : "none",
  };
  const outputTypes = [typeOf([1, ...outputSize, channels], 0.03, (seed % 7) - 3)];
  return graph.addNode({ op: transposeConv2d, inputs: [x, weights, bias], attributes, outputTypes }).outputs[0];
}

export function network(sizes: Sizes, steps: readonly Step[]): Graph {
  const graph = new Graph("network");
  const x = graph.addInput("x", typeOf(sizes));
  const images = steps.reduce((value, step) => append(graph, value, step), x as Value);
  const flat = [1, count(images.type.shape as Sizes)];
  const rows = graph.addNode({
    op: reshape,
    inputs: [images],
    attributes: { shape: flat },
    outputTypes: [{ ...images.type, shape: flat }],
  }).outputs[0];
  const weights = graph.addConstant("weights", bytes(5, [4, flat[1]]), perTensor(0.003, 0));
  const outputTypes = [typeOf([1, 4], 0.4, -5)];
  const classes = graph.addNode({
    op: linear,
    inputs: [rows, weights],
    attributes: { activation: "none" },
    outputTypes,
  });
  graph.setOutputs(classes.outputs);
  return graph;
}

export const step = fc.record<Step>({
  kind: fc.constantFrom(...kinds),
  channels: fc.integer({ min: 1, max: 19 }),
  stride: fc.integer({ min: 1, max: 2 }),
  seed: fc.integer({ min: 1, max: 1000 }),
});

export const sizes = fc.tuple(
  fc.constant(1),
  fc.integer({ min: 3, max: 9 }),
  fc.integer({ min: 3, max: 9 }),
  fc.integer({ min: 1, max: 11 }),
);

/** What a machine may have or lack beside its multipliers. */
export const features = fc.record<Machine["features"]>({
  activation: fc.boolean(),
  tables: fc.boolean(),
  pooling: fc.boolean(),
  conversion: fc.boolean(),
  cacheBytes: fc.constantFrom(0, 100, 1000),
  decompression: fc.boolean(),
});
