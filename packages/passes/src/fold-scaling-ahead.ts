import { fromNumbers, type Graph, type Node, numbersOf, onlyUse, type Tensor, type Value } from "@millrace/ir";
import { operators } from "@millrace/ops";
import { inheritName, removeNodes, replaceNode } from "./edit.ts";
import { isRefusal, type Refusal, refuse, rewrite } from "./rewrite.ts";
import {
  entryAt,
  type Scaling,
  type ScalingRow,
  scalingAtEnd,
  scalingOf,
  scalingOperators,
  scalingRow,
  unscaledInputs,
} from "./scaling.ts";

/** A layer whose data are scaled: each result sums a slice of the weights, and the results of a group see the same channels. */
interface Layer {
  readonly node: Node;
  readonly weights: Value;
  readonly bias: Value | undefined;
  readonly groups: number;
}

interface Folding extends ScalingRow {
  /** What is scaled; undefined where the first node computes it too and scales it in the end. */
  readonly x: Value | undefined;
  readonly layers: readonly Layer[];
}

/** The layer that reads a scaled value as its data, if it can take a scaling of its channels into constant weights of its own. */
function layerOf(node: Node, scaled: Value, { shift }: Scaling): Layer | Refusal | undefined {
  const rule = node.op.quantization.kind === "free" ? node.op.quantization.weights : undefined;
  const groups = rule?.groups?.(node.attributes);
  if (rule === undefined || groups === undefined) return undefined;
  const input = (name: string) => node.inputs[node.op.inputs.findIndex((slot) => slot.name === name)];
  const [data, weights, bias] = [input(rule.data), input(rule.weights)!, input(rule.bias)];
  const isPlain = (value: Value | undefined) => value === undefined || value.constant?.dtype === "f32";
  if (data !== scaled || weights.constant === undefined || !isPlain(weights) || !isPlain(bias)) return undefined;
  if (onlyUse(weights) === undefined) return refuse(`the weights of ${node.name} are read elsewhere too`);
  const padding = (node.attributes["padding"] ?? []) as readonly number[];
  if (padding.some((count) => count > 0) && Array.from(shift).some((offset) => offset !== 0))
    return refuse(`${node.name} pads its data with zeros that would have to be shifted too`);
  return { node, weights, bias, groups };
}

/**
 * Folds batch norms and constant factors and offsets of each channel into the linear layers and channel-last convolutions that read them,
 * such as what follows a normalization: w · (gain · x + shift) + b = (w · gain) · x + (b + Σ w · shift).
 */
export const foldScalingAhead = rewrite<Folding>("fold-scaling-ahead", {
  roots: [...scalingOperators, ...[...operators.values()].filter(({ scaling }) => scaling)],
  find(node, graph) {
    const own = scalingAtEnd(node);
    const first = own ? { x: undefined, scaling: own } : scalingOf(node);
    if (first === undefined || isRefusal(first)) return undefined;
    const { nodes, scaling } = scalingRow(node, first.scaling);
    const last = nodes.at(-1)!;
    const [result] = last.outputs;
    const { shape } = result.type;
    if ((last.attributes["activation"] ?? "none") !== "none" || result.uses.size === 0) return undefined;
    if (scaling.axis !== undefined && scaling.axis !== shape.length - 1) return undefined;
    const layers: Layer[] = [];
    for (const { user } of result.uses) {
      const layer = user === graph.results ? undefined : layerOf(user, result, scaling);
      if (layer === undefined || isRefusal(layer)) return layer;
      layers.push(layer);
    }
    return { nodes, scaling, x: first.x, layers };
  },
  replace({ nodes, scaling, x, layers }, node, graph) {
    const data = x ?? withoutScaling(graph, node);
    for (const layer of layers) takeIn(graph, layer, scaling, data, nodes);
    removeNodes(graph, nodes.slice(-1));
    if (x === undefined) inheritName(graph, data, node.outputs[0]);
  },
  examples: [
    {
      name: "gain and shift of a normalization before two linear layers",
      before: `
        input x: f32[1,2]
        constant gain: f32[2] = [2, 3]
        a: f32[1,2] = mul(x, gain) {activation=none} from [norm]
        constant shift: f32[2] = [1, -1]
        b: f32[1,2] = add(a, shift) {activation=none} from [norm]
        constant w: f32[1,2] = [1, 2]
        y: f32[1,1] = linear(b, w) {activation=none} from [first]
        constant v: f32[1,2] = [-1, 4]
        constant c: f32[1] = [7]
        z: f32[1,1] = linear(b, v, c) {activation=relu} from [second]
        output y
        output z`,
      after: `
        input x: f32[1,2]
        constant w: f32[1,2] = [2, 6]
        constant y.bias: f32[1] = [-1]
        y: f32[1,1] = linear(x, w, y.bias) {activation=none} from [norm, first]
        constant v: f32[1,2] = [-2, 12]
        constant c: f32[1] = [2]
        z: f32[1,1] = linear(x, v, c) {activation=relu} from [norm, second]
        output y
        output z`,
    },
    {
      name: "a normalization with gain and shift of its own",
      before: `
        input x: f32[1,2]
        constant gain: f32[2] = [2, 3]
        constant shift: f32[2] = [1, -1]
        a: f32[1,2] = layerNormalization(x, gain, shift) {axes=[1], epsilon=1} from [norm]
        constant w: f32[1,2] = [1, 2]
        y: f32[1,1] = linear(a, w) {activation=none} from [first]
        output y`,
      after: `
        input x: f32[1,2]
        a: f32[1,2] = layerNormalization(x) {axes=[1], epsilon=1} from [norm]
        constant w: f32[1,2] = [2, 6]
        constant y.bias: f32[1] = [-1]
        y: f32[1,1] = linear(a, w, y.bias) {activation=none} from [norm, first]
        output y`,
    },
    {
      name: "a factor for each channel before a depthwise convolution with padding",
      before: `
        input x: f32[1,1,1,2]
        constant gain: f32[1,1,1,2] = [2, 3]
        a: f32[1,1,1,2] = mul(x, gain) {activation=none}
        constant w: f32[2,1,1,1] = [1, 10]
        y: f32[1,1,2,2] = conv2d(a, w) {stride=[1,1], dilation=[1,1], padding=[0,1,0,0], groups=2, layout=last, activation=none}
        output y`,
      after: `
        input x: f32[1,1,1,2]
        constant w: f32[2,1,1,1] = [2, 30]
        y: f32[1,1,2,2] = conv2d(x, w) {stride=[1,1], dilation=[1,1], padding=[0,1,0,0], groups=2, layout=last, activation=none}
        output y`,
    },
    {
      name: "an offset before a convolution with padding",
      before: `
        input x: f32[1,1,1,1]
        constant one: f32[1] = [1]
        a: f32[1,1,1,1] = add(x, one) {activation=none}
        constant w: f32[1,1,1,1] = [2]
        y: f32[1,1,2,1] = conv2d(a, w) {stride=[1,1], dilation=[1,1], padding=[0,1,0,0], groups=1, layout=last, activation=none}
        output y`,
      noted: "y pads its data with zeros that would have to be shifted too",
    },
    {
      name: "a factor with an activation, and one that is an output too",
      before: `
        input x: f32[1,1]
        constant two: f32[1] = [2]
        a: f32[1,1] = mul(x, two) {activation=relu}
        constant w: f32[1,1] = [2]
        y: f32[1,1] = linear(a, w) {activation=none}
        b: f32[1,1] = mul(y, two) {activation=none}
        constant v: f32[1,1] = [3]
        z: f32[1,1] = linear(b, v) {activation=none}
        output b
        output z`,
    },
    {
      name: "a factor for each row",
      before: `
        input x: f32[2,2]
        constant rows: f32[2,1] = [2, 3]
        a: f32[2,2] = mul(x, rows) {activation=none}
        constant w: f32[1,2] = [1, 2]
        y: f32[2,1] = linear(a, w) {activation=none}
        output y`,
    },
    {
      name: "weights that another layer uses too",
      before: `
        input x: f32[1,1]
        constant two: f32[1] = [2]
        a: f32[1,1] = mul(x, two) {activation=none}
        constant w: f32[1,1] = [2]
        y: f32[1,1] = linear(a, w) {activation=none}
        z: f32[1,1] = linear(x, w) {activation=none}
        output y
        output z`,
      noted: "the weights of y are read elsewhere too",
    },
  ],
});

function withoutScaling(graph: Graph, node: Node): Value {
  const { op, attributes, name, origin } = node;
  return graph.addNode({ op, inputs: unscaledInputs(node), attributes, name, origin, before: node }).outputs[0];
}

function takeIn(graph: Graph, layer: Layer, { gain, shift }: Scaling, x: Value, merged: readonly Node[]): void {
  const { node, weights, bias } = layer;
  const scaled = graph.addConstant(weights.name, weightsTimes(layer, gain));
  const shifts = Array.from(shift).some((offset) => offset !== 0);
  const moved = shifts ? graph.addConstant(bias?.name ?? `${node.name}.bias`, biasWith(layer, shift)) : bias;
  replaceNode(graph, node, { inputs: [x, scaled, ...(moved ? [moved] : [])] }, merged);
  inheritName(graph, scaled, weights);
  if (bias && moved) inheritName(graph, moved, bias);
}

/** Calls `visit` with the place of each weight, the number of its result, and that of its channel of the data. */
function forEachWeight({ weights, groups }: Layer, visit: (at: number, result: number, channel: number) => void): void {
  const shape = weights.type.shape as readonly number[];
  const [results, channels] = [shape[0], shape.at(-1)!];
  const size = numbersOf(weights.constant!).length / results;
  for (let result = 0, at = 0; result < results; result++) {
    const first = Math.floor((result * groups) / results) * channels;
    for (let within = 0; within < size; within++, at++) visit(at, result, first + (within % channels));
  }
}

function weightsTimes(layer: Layer, gain: ArrayLike<number>): Tensor {
  const { shape } = layer.weights.constant!;
  const numbers = Float64Array.from(numbersOf(layer.weights.constant!));
  forEachWeight(layer, (at, _, channel) => {
    numbers[at] *= entryAt(gain, channel);
  });
  return fromNumbers("f32", shape, numbers);
}

/** The bias and, for each result, what its weights make of the shift. */
function biasWith(layer: Layer, shift: ArrayLike<number>): Tensor {
  const weights = numbersOf(layer.weights.constant!);
  const results = layer.weights.type.shape[0] as number;
  const old = layer.bias?.constant && numbersOf(layer.bias.constant);
  const sums = Float64Array.from({ length: results }, (_, result) => old?.[result] ?? 0);
  forEachWeight(layer, (at, result, channel) => {
    sums[result] += weights[at] * entryAt(shift, channel);
  });
  return fromNumbers("f32", [results], sums);
}
