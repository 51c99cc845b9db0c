import { type Dimension, divideDimensions, elementCount, type Shape, type Value } from "@millrace/ir";
import {
  abs,
  add,
  averagePool2d,
  batchNorm,
  div,
  equal,
  expand,
  groupNormalization,
  l2Normalize,
  layerNormalization,
  logSoftmax,
  makesGroups,
  mean,
  mul,
  pow,
  rmsNormalization,
  rsqrt,
  select,
  softmax,
  sqrt,
  squaredDifference,
  sub,
  sum,
} from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { plain } from "./elementwise.ts";
import { formulaOf } from "./formula.ts";
import { isWeights, reshaped } from "./weights.ts";

function batchNormalization(node: SourceNode): readonly Value[] {
  const { attributes, opset } = node;
  const epsilon = attributes.real("epsilon", 1e-5);
  const momentum = attributes.real("momentum", 0.9);
  if (!attributes.flag("spatial", true)) node.unsupported("spatial is 0", "Export the model with spatial 1.");
  if (opset >= 14 && attributes.flag("training_mode", false)) return batchStatistics(node, epsilon, momentum);
  if (opset < 7 && !attributes.flag("is_test", false))
    node.unsupported("it normalizes by the batch, as in training", "Export the model for inference.");
  const [x, ...parameters] = [0, 1, 2, 3, 4].map((index) => node.input(index));
  if (parameters.every((value) => value.constant ?? (value.producer && isWeights(node, value))))
    return [node.emit(batchNorm, [x, ...parameters], { epsilon, axis: 1 })];
  const of = formulaOf(node);
  const [scale, shift, mean, variance] = parameters.map((value) => perChannel(node, value, x.type.shape));
  const factor = of(mul, scale, of(rsqrt, of(add, variance, epsilon)));
  return [of(add, of(mul, of(sub, x, mean), factor), shift)];
}

/** Normalizes by the batch itself, and moves the running mean and variance towards the batch's. */
function batchStatistics(node: SourceNode, epsilon: number, momentum: number): readonly Value[] {
  const of = formulaOf(node);
  const { shape } = node.input(0).type;
  const { result, mean, variance } = normalized(
    node,
    node.input(0),
    [...shape.keys()].filter((axis) => axis !== 1),
    epsilon,
  );
  const [scale, shift] = [1, 2].map((index) => perChannel(node, node.input(index), shape));
  const moved = (index: number, batch: Value) =>
    of(add, of(mul, node.input(index), momentum), of(mul, reshaped(node, batch, node.shape(index)), 1 - momentum));
  return [scaledAndShifted(node, result, scale, shift), moved(3, mean), moved(4, variance)];
}

/** A vector with an element for each channel of channel-first data of `shape`. */
function perChannel(node: SourceNode, vector: Value, shape: Shape): Value {
  return reshaped(node, vector, [shape[1], ...shape.slice(2).map(() => 1)]);
}

interface Normalized {
  readonly result: Value;
  readonly mean: Value;
  readonly variance: Value;
  /** 1 / √(variance + epsilon). */
  readonly inverse: Value;
}

/** (x - mean) / √(variance + epsilon) with mean and variance over `axes`. */
function normalized(node: SourceNode, x: Value, axes: readonly number[], epsilon: number): Normalized {
  const center = node.compute(mean, [x], { axes, keepDims: true });
  const squares = node.compute(squaredDifference, [x, center], {});
  const variance = node.compute(mean, [squares], { axes, keepDims: true });
  const inverse = node.compute(rsqrt, [node.compute(add, [variance, node.scalar(epsilon)], plain)], {});
  const result = node.compute(mul, [node.compute(sub, [x, center], plain), inverse], plain);
  return { result, mean: center, variance, inverse };
}

function scaledAndShifted(node: SourceNode, x: Value, scale: Value, shift: Value | undefined): Value {
  const product = node.compute(mul, [x, scale], plain);
  return shift ? node.compute(add, [product, shift], plain) : product;
}

function epsilonOf(node: SourceNode, usual = 1e-5): number {
  return node.attributes.real("epsilon", usual);
}

/** The axes from the attribute axis on, which these operators normalize over. */
function trailingAxes(node: SourceNode): readonly number[] {
  const rank = node.shape(0).length;
  const first = node.axis(node.attributes.integer("axis", -1), rank);
  if (node.attributes.integer("stash_type", 1) !== 1)
    node.unsupported("stash_type is not 1", "Use float32 for the statistics.");
  return Array.from({ length: rank - first }, (_, index) => first + index);
}

/** What is normalized over `axes`, with a factor and an offset of each element. */
interface Layer {
  readonly x: Value;
  readonly axes: readonly number[];
  readonly epsilon: number;
  readonly scale: Value;
  readonly bias?: Value | undefined;
}

/** The normalized layer, and its mean and the inverse of its deviation if the node is asked for them. */
function normalizedLayer(node: SourceNode, { x, axes, epsilon, scale, bias }: Layer): readonly Value[] {
  if (!node.wants(1) && !node.wants(2)) return [node.emit(layerNormalization, [x, scale, bias], { axes, epsilon })];
  const { result, mean, inverse } = normalized(node, x, axes, epsilon);
  return [scaledAndShifted(node, result, scale, bias), mean, inverse];
}

function overTrailingAxes(node: SourceNode): readonly Value[] {
  const [x, scale, bias] = [node.input(0), node.input(1), node.optional(2)];
  return normalizedLayer(node, { x, axes: trailingAxes(node), epsilon: epsilonOf(node), scale, bias });
}

/** x / √(mean of x² + epsilon) · scale, and what x is multiplied by if that is the result `index` that the node is asked for. */
function byRootMeanSquare(node: SourceNode, { x, axes, epsilon, scale }: Layer, index: number): readonly Value[] {
  if (!node.wants(index)) return [node.emit(rmsNormalization, [x, scale], { axes, epsilon })];
  const of = formulaOf(node);
  const squares = node.compute(mean, [of(mul, x, x)], { axes, keepDims: true });
  const inverse = of(rsqrt, of(add, squares, epsilon));
  return [of(mul, of(mul, x, inverse), scale), inverse];
}

function rootMeanSquare(node: SourceNode): readonly Value[] {
  const [x, scale] = [node.input(0), node.input(1)];
  return byRootMeanSquare(node, { x, axes: trailingAxes(node), epsilon: epsilonOf(node), scale }, 1);
}

/** Layer normalization over the last axis with onnxruntime's epsilon. */
export function scaledAndNormalized(node: SourceNode, x: Value, scale: Value, bias: Value): Value {
  return node.emit(layerNormalization, [x, scale, bias], { axes: lastAxis(x), epsilon: epsilonOf(node, 1e-12) });
}

function lastAxis({ type }: Value): readonly number[] {
  return [type.shape.length - 1];
}

/** Layer normalization of a sum of two inputs and a bias, which is the fourth result. */
function skipLayerNormalization(node: SourceNode): readonly (Value | undefined)[] {
  const x = skipSum(node, node.optional(4));
  const layer = { x, axes: lastAxis(x), epsilon: epsilonOf(node, 1e-12) };
  const [result, mean, inverse] = normalizedLayer(node, { ...layer, scale: node.input(2), bias: node.optional(3) });
  return [result, mean, inverse, x];
}

function skipRootMeanSquare(node: SourceNode): readonly (Value | undefined)[] {
  const x = skipSum(node, node.optional(3));
  const layer = { x, axes: lastAxis(x), epsilon: epsilonOf(node), scale: node.input(2) };
  const [result, inverse] = byRootMeanSquare(node, layer, 2);
  return [result, undefined, inverse, x];
}

function skipSum(node: SourceNode, bias: Value | undefined): Value {
  const of = formulaOf(node);
  const total = of(add, node.input(0), node.input(1));
  return bias ? of(add, total, bias) : total;
}

function instanceNormalization(node: SourceNode): Value {
  const x = node.input(0);
  const { shape } = x.type;
  const [scale, bias] = [1, 2].map((index) => perChannel(node, node.input(index), shape));
  const attributes = { axes: [...shape.keys()].slice(2), epsilon: epsilonOf(node) };
  return node.emit(layerNormalization, [x, scale, bias], attributes);
}

/** Normalizes groups of channels; before opset 21 scale and bias belonged to the groups. */
function overGroups(node: SourceNode): Value {
  const { attributes, opset } = node;
  const x = node.input(0);
  const { shape } = x.type;
  const groups = attributes.integer("num_groups");
  if (attributes.integer("stash_type", 1) !== 1)
    node.unsupported("stash_type is not 1", "Use float32 for the statistics.");
  if (!(groups >= 1) || !makesGroups(shape[1], groups))
    node.invalid(`it has ${shape[1]} channels and ${groups} groups`);
  const [scale, bias] = [1, 2].map((index) => {
    const parameter = node.input(index);
    return perChannel(node, opset >= 21 ? parameter : forMembers(node, parameter, groups, shape[1]), shape);
  });
  return node.emit(groupNormalization, [x, scale, bias], { axis: 1, groups, epsilon: epsilonOf(node) });
}

/** A vector with an element for each of the groups, with one for each channel. */
function forMembers(node: SourceNode, vector: Value, groups: number, channels: Dimension): Value {
  const members = divideDimensions(channels, groups);
  const column = reshaped(node, vector, [groups, 1]);
  return reshaped(node, node.compute(expand, [column], { shape: [groups, members] }), [channels]);
}

/** (x - mean) / (deviation + 1e-9). */
function meanVarianceNormalization(node: SourceNode): Value {
  const of = formulaOf(node);
  const x = node.input(0);
  const { shape } = x.type;
  const axes = (node.attributes.integers("axes") ?? [0, 2, 3]).map((axis) => node.axis(axis, shape.length));
  const attributes = { axes: [...new Set(axes)].sort((a, b) => a - b), keepDims: true };
  const centred = of(sub, x, node.compute(mean, [x], attributes));
  const variance = node.compute(mean, [of(mul, centred, centred)], attributes);
  return of(div, centred, of(add, of(sqrt, variance), 1e-9));
}

/** x / (bias + alpha · mean of x² over `size` channels around it)^beta, the mean by pooling the channels, with zeros beyond them. */
function localResponseNormalization(node: SourceNode): Value {
  const { attributes } = node;
  const of = formulaOf(node);
  const x = node.input(0);
  const [batch, channels, ...spatial] = x.type.shape;
  const size = attributes.integer("size");
  const image = reshaped(node, of(mul, x, x), [batch, 1, channels, elementCount(spatial)]);
  const means = node.compute(averagePool2d, [image], {
    kernel: [size, 1],
    stride: [1, 1],
    padding: [Math.floor((size - 1) / 2), 0, Math.ceil((size - 1) / 2), 0],
    countPadding: true,
    layout: "first",
    activation: "none",
  });
  const base = of(
    add,
    of(mul, reshaped(node, means, x.type.shape), attributes.real("alpha", 1e-4)),
    attributes.real("bias", 1),
  );
  return of(div, x, of(pow, base, attributes.real("beta", 0.75)));
}

/** Before opset 13 all axes from `axis` on counted as one, and the default was the second. */
function overAxis(op: typeof softmax | typeof logSoftmax, fixed: { readonly beta?: number }): Importer {
  return (node) => {
    const x = node.input(0);
    const { shape } = x.type;
    const axis = node.axis(node.attributes.integer("axis", node.opset < 13 ? 1 : -1), shape.length);
    const wide = shape.map((_, at) => at).filter((at) => at >= axis && shape[at] !== 1);
    if (node.opset >= 13 || wide.length <= 1)
      return node.compute(op, [x], { axis: node.opset >= 13 ? axis : (wide[0] ?? axis), ...fixed });
    const matrix: readonly Dimension[] = [elementCount(shape.slice(0, axis)), elementCount(shape.slice(axis))];
    return reshaped(node, node.compute(op, [reshaped(node, x, matrix)], { axis: 1, ...fixed }), shape);
  };
}

/** x over its length along an axis: Euclidean, or the sum of sizes. What has no length stays 0. */
function unitLength(node: SourceNode): Value {
  const { attributes } = node;
  const x = node.input(0);
  const order = attributes.integer("p", 2);
  const axis = node.axis(attributes.integer("axis", -1), x.type.shape.length);
  if (order === 2) return node.compute(l2Normalize, [x], { axis });
  if (order !== 1) node.unsupported(`p is ${order}`, "Use 1 or 2.");
  const of = formulaOf(node);
  const length = node.compute(sum, [of(abs, x)], { axes: [axis], keepDims: true });
  return of(div, x, of(select, of(equal, length, 0), 1, length));
}

/** Operators that bring data to a common scale. */
export const normalizations: Readonly<Record<string, Importer>> = {
  BatchNormalization: batchNormalization,
  LayerNormalization: overTrailingAxes,
  RMSNormalization: rootMeanSquare,
  SimplifiedLayerNormalization: rootMeanSquare,
  InstanceNormalization: instanceNormalization,
  GroupNormalization: overGroups,
  MeanVarianceNormalization: meanVarianceNormalization,
  LRN: localResponseNormalization,
  Softmax: overAxis(softmax, { beta: 1 }),
  LpNormalization: unitLength,
  LogSoftmax: overAxis(logSoftmax, {}),
  "com.microsoft.LayerNormalization": overTrailingAxes,
  "com.microsoft.SimplifiedLayerNormalization": rootMeanSquare,
  "com.microsoft.SkipLayerNormalization": skipLayerNormalization,
  "com.microsoft.SkipSimplifiedLayerNormalization": skipRootMeanSquare,
};
