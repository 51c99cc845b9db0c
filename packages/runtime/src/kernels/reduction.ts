import { elementCount, type Node, type Tensor } from "@millrace/ir";
import { roundAwayFromZero } from "../arithmetic/fixed-point.ts";
import { multiplyBy, multiplyWide, quantizeMultiplier } from "../arithmetic/multiplier.ts";
import { broadcastOffsets } from "./broadcast.ts";
import type { Rescaling } from "./finish.ts";
import {
  type Affine,
  affineOf,
  clampToType,
  integersOf,
  type KernelContext,
  type KernelFactory,
  resultOf,
} from "./kernel.ts";

/** For every element of x, the element of the reduced result it belongs to. */
function reducedOffsets(x: Tensor, axes: readonly number[]): Int32Array {
  const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  return broadcastOffsets(x.shape, [kept])[0];
}

function sumsOf(x: Tensor, axes: readonly number[], count: number): Float64Array {
  const source = integersOf(x);
  const offsets = reducedOffsets(x, axes);
  const sums = new Float64Array(count);
  for (let at = 0; at < source.length; at++) sums[offsets[at]] += source[at];
  return sums;
}

/** A multiplier divided by a count, keeping as many bits as the shift allows (TFLite's QuantizedMeanOrSum). */
function divided({ value, shift }: { readonly value: number; readonly shift: number }, count: number) {
  const bits = Math.max(0, Math.min(31 - Math.clz32(count), 31 + shift));
  return { value: Number((BigInt(value) << BigInt(bits)) / BigInt(count)), shift: shift - bits };
}

/** Brings sums of stored integers to the output's parameters; `prepare` gets how many were added. */
function summing(
  prepare: (
    input: Affine,
    output: Affine,
    context: KernelContext,
    node: Node,
  ) => (count: number) => (sum: number) => number,
): KernelFactory {
  return (node, context) => {
    const axes = node.attributes.axes as readonly number[];
    const output = affineOf(node.outputs[0], node);
    const rescaleOf = prepare(affineOf(node.inputs[0], node), output, context, node);
    return ([x], [type]) => {
      const { tensor, data } = resultOf(type);
      const rescale = rescaleOf(elementCount(axes.map((axis) => x!.shape[axis])));
      const sums = sumsOf(x!, axes, data.length);
      for (let at = 0; at < data.length; at++) data[at] = clampToType(rescale(sums[at]) + output.zeroPoint, output);
      return [tensor];
    };
  };
}

/** How sums of so many stored integers less their zero point become a node's results. */
export type PrepareSum = (node: Node, context: KernelContext, count: number) => Rescaling | undefined;

export const meanRescaling = (node: Node, { rounding }: KernelContext, count: number): Rescaling => {
  const [input, output] = [affineOf(node.inputs[0], node), affineOf(node.outputs[0], node)];
  const multiplier = divided(quantizeMultiplier(input.scale / output.scale, rounding), Math.max(1, count));
  return { multiplier, zeroPoint: output.zeroPoint, low: output.minimum, high: output.maximum };
};

export const integerMean = summing((input, _, context, node) => (count) => {
  const { value, shift } = meanRescaling(node, context, count).multiplier;
  return (sum) => multiplyBy[context.rounding]((sum - input.zeroPoint * count) | 0, value, shift);
});

/**
 * Sum: in float32 in full TFLite, by multiplier in TFLite Micro. (TensorFlow 2.21's reference SUM writes garbage; its
 * optimized one is what the float32 form equals.)
 */
export const integerSum = summing((input, output, { rounding, flavor }) => {
  const single = Math.fround;
  const { value, shift } = quantizeMultiplier(input.scale / output.scale, rounding);
  const scale = single(input.scale / output.scale);
  return (count) => {
    const bias = single(single(-input.zeroPoint * scale) * count);
    return flavor === "tflite"
      ? (sum) => roundAwayFromZero(single(single(sum * scale) + bias))
      : (sum) => multiplyBy[rounding]((sum - input.zeroPoint * count) | 0, value, shift);
  };
});

/** Product, rescaled after every factor so that it stays in range (TFLite's QuantizedReduceProd). */
export const integerReduceProd: KernelFactory = (node, { rounding }) => {
  const axes = node.attributes.axes as readonly number[];
  const [input, output] = [affineOf(node.inputs[0], node), affineOf(node.outputs[0], node)];
  return ([x], [type]) => {
    const { tensor, data } = resultOf(type);
    const count = elementCount(axes.map((axis) => x!.shape[axis]));
    const { value, shift } = quantizeMultiplier(input.scale / output.scale ** (1 / count), rounding);
    const source = integersOf(x);
    const offsets = reducedOffsets(x!, axes);
    const products = new Float64Array(data.length).fill(Number.NaN);
    for (let at = 0; at < source.length; at++) {
      const factor = source[at] - input.zeroPoint;
      const product = products[offsets[at]];
      products[offsets[at]] = Number.isNaN(product) ? factor : multiplyWide(product * factor, value, shift);
    }
    for (let at = 0; at < data.length; at++)
      data[at] = clampToType(multiplyWide(products[at], value, shift) + output.zeroPoint, output);
    return [tensor];
  };
};
