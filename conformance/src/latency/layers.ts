import { type Attributes, fromNumbers, Graph, type Operator, type Value } from "@millrace/ir";
import { add, averagePool2d, conv2d, linear, maxPool2d, reshape, slice, softmax } from "@millrace/ops";

/** A layer of a network: its result as a function of its data, channel-last images or rows of numbers. */
export type Layer = (x: Value, graph: Graph) => Value;

interface Window {
  /** Height and width. */
  readonly kernel: readonly [number, number];
  /** The same in both directions; 1 by default. */
  readonly stride?: number;
}

/** A float network of layers in a row on one input; weights are arbitrary. */
export function network(name: string, shape: readonly number[], layers: readonly Layer[]): Graph {
  const graph = new Graph(name);
  const x = graph.addInput("x", { dtype: "f32", shape });
  graph.setOutputs([inOrder(layers)(x, graph)]);
  return graph;
}

/** Layers one after the other. */
export function inOrder(layers: readonly Layer[]): Layer {
  return (x, graph) => layers.reduce((value, layer) => layer(value, graph), x);
}

/** Layers around which their data go, to be added to the result. */
export function residual(layers: readonly Layer[]): Layer {
  return (x, graph) => append(graph, add, [inOrder(layers)(x, graph), x], { activation: "none" });
}

export function convolution(channels: number, window: Window, activation = "relu6"): Layer {
  return (x, graph) => convolve(x, graph, { channels, depth: sizesOf(x)[3], groups: 1, window, activation });
}

export function depthwise(window: Window): Layer {
  return (x, graph) => {
    const channels = sizesOf(x)[3];
    return convolve(x, graph, { channels, depth: 1, groups: channels, window, activation: "relu6" });
  };
}

export function maximumPooling(size: number, stride: number): Layer {
  return (x, graph) => {
    const kernel = [size, size] as const;
    const attributes = { kernel, padding: samePadding(x, kernel, stride), dilation: [1, 1] };
    return append(graph, maxPool2d, [x], { ...attributes, ...slidingBy(stride), activation: "none" });
  };
}

/** The mean of each channel. */
export const globalAveragePooling: Layer = (x, graph) => {
  const [, height, width] = sizesOf(x);
  const attributes = { kernel: [height, width], padding: [0, 0, 0, 0], countPadding: false };
  return append(graph, averagePool2d, [x], { ...attributes, ...slidingBy(1), activation: "none" });
};

/** A fully connected layer on all numbers of its data. */
export function fullyConnected(channels: number): Layer {
  return (x, graph) => {
    const depth = sizesOf(x).reduce((product, size) => product * size, 1);
    const row = append(graph, reshape, [x], { shape: [1, depth] });
    return append(graph, linear, [row, weights(graph, [channels, depth])], { activation: "none" });
  };
}

/** The first channels of every place. */
export function firstChannels(count: number): Layer {
  return (x, graph) => {
    const [batch, height, width, channels] = sizesOf(x);
    if (channels === count) return x;
    const attributes = { starts: [0, 0, 0, 0], sizes: [batch, height, width, count], steps: [1, 1, 1, 1] };
    return append(graph, slice, [x], attributes);
  };
}

/** Softmax along the last axis. */
export const classProbabilities: Layer = (x, graph) =>
  append(graph, softmax, [x], { axis: sizesOf(x).length - 1, beta: 1 });

interface Convolution {
  readonly channels: number;
  /** Channels of a filter. */
  readonly depth: number;
  readonly groups: number;
  readonly window: Window;
  readonly activation: string;
}

function convolve(x: Value, graph: Graph, { channels, depth, groups, window, activation }: Convolution): Value {
  const { kernel, stride = 1 } = window;
  return append(graph, conv2d, [x, weights(graph, [channels, ...kernel, depth])], {
    ...slidingBy(stride),
    dilation: [1, 1],
    padding: samePadding(x, kernel, stride),
    groups,
    activation,
  });
}

/** Zeros around an image, [top, left, bottom, right], as TensorFlow's "SAME" has them. */
function samePadding(x: Value, kernel: readonly [number, number], stride: number): readonly number[] {
  const [, height, width] = sizesOf(x);
  const total = [height, width].map((size, axis) =>
    Math.max(0, (Math.ceil(size / stride) - 1) * stride + kernel[axis] - size),
  );
  return [...total.map((zeros) => Math.floor(zeros / 2)), ...total.map((zeros) => Math.ceil(zeros / 2))];
}

function slidingBy(stride: number) {
  return { stride: [stride, stride], layout: "last" };
}

function weights(graph: Graph, shape: readonly number[]): Value {
  const count = shape.reduce((product, size) => product * size, 1);
  return graph.addConstant("weights", fromNumbers("f32", shape, new Float32Array(count).fill(0.01)));
}

function append(graph: Graph, op: Operator, inputs: readonly Value[], attributes: Attributes): Value {
  return graph.addNode({ op, inputs, attributes }).outputs[0];
}

function sizesOf({ type }: Value): readonly number[] {
  return type.shape as readonly number[];
}
