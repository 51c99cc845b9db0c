import {
  elementCount,
  fromNumbers,
  type Graph,
  type Node,
  numbersOf,
  type Tensor,
  type Value,
  type WeightsRule,
} from "@millrace/ir";
import { dequantize, operators } from "@millrace/ops";
import { inheritName, removeNodes, replaceNode } from "./edit.ts";
import { realConstant, storedConstant } from "./quantization/real-constant.ts";
import { scaledStored } from "./quantization/scaled-stored.ts";
import { refuse, rewrite } from "./rewrite.ts";
import { entryAt, type ScalingRow, scalingRow, sharedResult } from "./scaling.ts";

/** A node with weights, a row of scalings after it, and the axis of the weights that counts the channels of its result. */
interface Folding extends ScalingRow {
  readonly weights: Value;
  readonly bias: Value | undefined;
  readonly axis: number;
}

function weightsRuleOf({ quantization }: Node["op"]): WeightsRule | undefined {
  return quantization.kind === "free" ? quantization.weights : undefined;
}

/** Folds batch norms and constant factors and offsets of each channel into the convolution or linear layer before them. */
export const foldScaling = rewrite<Folding>("fold-scaling", {
  roots: [...operators.values()].filter(weightsRuleOf),
  find(node, graph) {
    const { dtype, shape } = node.outputs[0].type;
    if (dtype !== "f32") return undefined;
    const channels = node.attributes["layout"] === "first" ? 1 : shape.length - 1;
    const row = scalingRow(node, { axis: channels, gain: [1], shift: [0] });
    if (row.nodes.length === 1) return sharedResult(row, graph);
    const rule = weightsRuleOf(node.op)!;
    const input = (name: string) => node.inputs[node.op.inputs.findIndex((slot) => slot.name === name)];
    const [weights, bias] = [input(rule.weights)!, input(rule.bias)];
    if (!isConstant(weights) || (bias && !isConstant(bias))) return refuse("its weights or its bias are not constant");
    const axis = rule.axis(node.attributes, weights.type.shape.length);
    if (weights.type.shape[axis] !== shape[channels]) return refuse("its groups share the channels of its weights");
    return { ...row, weights, bias, axis };
  },
  replace({ nodes, scaling, weights, bias, axis }, node, graph) {
    const last = nodes.at(-1)!;
    const scaled = scaledWeights(graph, weights, axis, scaling.gain, last);
    const channels = weights.type.shape[axis] as number;
    const offset = graph.addConstant(bias?.name ?? `${node.name}.bias`, movedBias(bias, channels, scaling));
    const { activation = "none" } = last.attributes;
    const attributes = { ...node.attributes, activation };
    replaceNode(graph, last, { op: node.op, inputs: [node.inputs[0], scaled, offset], attributes }, nodes.slice(0, -1));
    removeNodes(graph, nodes.slice(-2, -1));
    inheritName(graph, scaled, weights);
    if (bias) inheritName(graph, offset, bias);
  },
  examples: [
    {
      name: "a batch norm and a factor after a convolution",
      before: `
        input x: f32[1,1,1,3]
        constant w: f32[2,1,1,2] = [1, 2, 3, 4]
        y: f32[1,2,1,2] = conv2d(x, w) {stride=[1,1], dilation=[1,1], padding=[0,0,0,0], groups=1, layout=first, activation=none} from [conv]
        constant scale: f32[2] = [4, 6]
        constant bias: f32[2] = [1, 2]
        constant mean: f32[2] = [1, 0]
        constant variance: f32[2] = [3, 8]
        normal: f32[1,2,1,2] = batchNorm(y, scale, bias, mean, variance) {epsilon=1, axis=1} from [norm]
        constant two: f32[] = [2]
        z: f32[1,2,1,2] = mul(two, normal) {activation=relu} from [twice]
        output z`,
      after: `
        input x: f32[1,1,1,3]
        constant w: f32[2,1,1,2] = [4, 8, 12, 16]
        constant y.bias: f32[2] = [-2, 4]
        z: f32[1,2,1,2] = conv2d(x, w, y.bias) {stride=[1,1], dilation=[1,1], padding=[0,0,0,0], groups=1, layout=first, activation=relu} from [conv, norm, twice]
        output z`,
    },
    {
      name: "an offset, and a difference from a constant, after a linear layer",
      before: `
        input x: f32[2,1]
        constant w: f32[2,1] = [1, 2]
        constant b: f32[2] = [5, 6]
        y: f32[2,2] = linear(x, w, b) {activation=none}
        constant one: f32[2] = [1, 2]
        s: f32[2,2] = sub(y, one) {activation=none}
        constant ten: f32[1,2] = [10, 20]
        z: f32[2,2] = sub(ten, s) {activation=none}
        output z`,
      after: `
        input x: f32[2,1]
        constant w: f32[2,1] = [-1, -2]
        constant b: f32[2] = [6, 16]
        z: f32[2,2] = linear(x, w, b) {activation=none}
        output z`,
    },
    {
      name: "channels last, after a transposed convolution",
      before: `
        input x: f32[1,1,1,1]
        constant w: f32[2,1,2,1] = [1, 2, 3, 4]
        y: f32[1,1,2,2] = transposeConv2d(x, w) {stride=[1,1], dilation=[1,1], padding=[0,0,0,0], outputSize=[1,2], groups=1, layout=last, activation=none}
        constant factor: f32[2] = [2, 10]
        z: f32[1,1,2,2] = mul(y, factor) {activation=none}
        output z`,
      after: `
        input x: f32[1,1,1,1]
        constant w: f32[2,1,2,1] = [2, 4, 30, 40]
        constant y.bias: f32[2] = [0, 0]
        z: f32[1,1,2,2] = transposeConv2d(x, w, y.bias) {stride=[1,1], dilation=[1,1], padding=[0,0,0,0], outputSize=[1,2], groups=1, layout=last, activation=none}
        output z`,
    },
    {
      name: "a transposed convolution whose groups share the channels of its weights",
      before: `
        input x: f32[1,2,1,1]
        constant w: f32[2,1,1,1] = [1, 2]
        y: f32[1,2,1,1] = transposeConv2d(x, w) {stride=[1,1], dilation=[1,1], padding=[0,0,0,0], outputSize=[1,1], groups=2, layout=first, activation=none}
        constant factor: f32[2,1,1] = [2, 10]
        z: f32[1,2,1,1] = mul(y, factor) {activation=none}
        output z`,
      noted: "its groups share the channels of its weights",
    },
    {
      name: "a result that is read elsewhere too",
      before: `
        input x: f32[1,1]
        constant w: f32[1,1] = [2]
        y: f32[1,1] = linear(x, w) {activation=none}
        constant one: f32[1] = [1]
        z: f32[1,1] = add(y, one) {activation=none}
        output y
        output z`,
      noted: "its result is read by other nodes than z too",
    },
    {
      name: "a batch norm before a convolution, whose padding it does not change",
      before: `
        input x: f32[1,1,1,1]
        constant one: f32[1] = [1]
        normal: f32[1,1,1,1] = batchNorm(x, one, one, one, one) {epsilon=0, axis=1}
        constant w: f32[1,1,1,1] = [1]
        y: f32[1,1,1,3] = conv2d(normal, w) {stride=[1,1], dilation=[1,1], padding=[0,1,0,1], groups=1, layout=first, activation=none}
        output y`,
    },
  ],
});

function isConstant(value: Value): boolean {
  return value.constant !== undefined || storedConstant(value) !== undefined;
}

/** The weights times one factor for each index of `axis`; what stands behind a dequantize stays stored where only its scales change. */
function scaledWeights(graph: Graph, weights: Value, axis: number, gain: ArrayLike<number>, before: Node): Value {
  const stored = storedConstant(weights);
  const scaled = stored && scaledStored(stored, axis, gain);
  if (scaled === undefined) return graph.addConstant(weights.name, scaleAlong(realConstant(weights)!, axis, gain));
  const integers = graph.addConstant(stored!.name, scaled.tensor, scaled.quantization);
  const { name, origin } = weights.producer!;
  return graph.addNode({ op: dequantize, inputs: [integers], attributes: {}, name, origin, before }).outputs[0];
}

/** The tensor times one factor for each index of `axis`. */
function scaleAlong(tensor: Tensor, axis: number, factors: ArrayLike<number>): Tensor {
  const inner = elementCount(tensor.shape.slice(axis + 1));
  const channels = tensor.shape[axis];
  const source = numbersOf(tensor);
  const result = new Float32Array(source.length);
  for (let start = 0, channel = 0; start < result.length; start += inner, channel = (channel + 1) % channels) {
    const factor = entryAt(factors, channel);
    for (let at = start; at < start + inner; at++) result[at] = source[at] * factor;
  }
  return { dtype: "f32", shape: tensor.shape, data: result };
}

function movedBias(bias: Value | undefined, channels: number, { gain, shift }: ScalingRow["scaling"]): Tensor {
  const tensor = realConstant(bias);
  const old = tensor && numbersOf(tensor);
  const moved = Float64Array.from({ length: channels }, (_, channel) => {
    const offset = old ? old[channel] * entryAt(gain, channel) : 0;
    return offset + entryAt(shift, channel);
  });
  return fromNumbers("f32", [channels], moved);
}
