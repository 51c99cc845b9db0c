import { type Dimension, elementCount, type Value } from "@millrace/ir";
import {
  add,
  batchNorm,
  l2Normalize,
  logSoftmax,
  mean,
  mul,
  rsqrt,
  softmax,
  squaredDifference,
  sub,
} from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { plain } from "./elementwise.ts";
import { reshaped } from "./weights.ts";

function batchNormalization(node: SourceNode): readonly Value[] {
  const { attributes, opset } = node;
  const epsilon = attributes.real("epsilon", 1e-5);
  const trains =
    opset >= 14 ? attributes.flag("training_mode", false) : opset < 7 && !attributes.flag("is_test", false);
  if (trains) node.unsupported("it normalizes by the batch, as in training", "Export the model for inference.");
  if (!attributes.flag("spatial", true)) node.unsupported("spatial is 0", "Export the model with spatial 1.");
  attributes.ignore("momentum");
  const inputs = [0, 1, 2, 3, 4].map((index) => node.input(index));
  return [node.emit(batchNorm, inputs, { epsilon, axis: 1 })];
}

interface Normalized {
  readonly result: Value;
  readonly mean: Value;
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
  return { result, mean: center, inverse };
}

function scaledAndShifted(node: SourceNode, x: Value, scale: Value, shift: Value | undefined): Value {
  const product = node.compute(mul, [x, scale], plain);
  return shift ? node.compute(add, [product, shift], plain) : product;
}

function layerNormalization(node: SourceNode): readonly Value[] {
  const { attributes } = node;
  const rank = node.shape(0).length;
  const first = node.axis(attributes.integer("axis", -1), rank);
  if (attributes.integer("stash_type", 1) !== 1)
    node.unsupported("stash_type is not 1", "Use float32 for the statistics.");
  const axes = Array.from({ length: rank - first }, (_, index) => first + index);
  const { result, mean: center, inverse } = normalized(node, node.input(0), axes, attributes.real("epsilon", 1e-5));
  const shift = node.has(2) ? node.input(2) : undefined;
  return [scaledAndShifted(node, result, node.input(1), shift), center, inverse];
}

function instanceNormalization(node: SourceNode): Value {
  const x = node.input(0);
  const [, channels, ...spatial] = x.type.shape;
  const axes = spatial.map((_, axis) => axis + 2);
  const perChannel = (index: number) => reshaped(node, node.input(index), [channels, ...spatial.map(() => 1)]);
  const { result } = normalized(node, x, axes, node.attributes.real("epsilon", 1e-5));
  return scaledAndShifted(node, result, perChannel(1), perChannel(2));
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

function unitLength(node: SourceNode): Value {
  const { attributes } = node;
  if (attributes.integer("p", 2) !== 2) node.unsupported("p is not 2", "Normalize by the Euclidean length.");
  const axis = node.axis(attributes.integer("axis", -1), node.shape(0).length);
  return node.compute(l2Normalize, [node.input(0)], { axis });
}

export const normalizations: Readonly<Record<string, Importer>> = {
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  InstanceNormalization: instanceNormalization,
  Softmax: overAxis(softmax, { beta: 1 }),
  LpNormalization: unitLength,
  LogSoftmax: overAxis(logSoftmax, {}),
};
