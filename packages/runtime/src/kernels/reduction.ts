import { elementCount, type Tensor } from "@millrace/ir";
import { multiplyBy, multiplyWide, quantizeMultiplier } from "../arithmetic/multiplier.ts";
import { broadcastOffsets } from "./broadcast.ts";
import { affineOf, clampToType, integersOf, type KernelFactory, resultOf } from "./kernel.ts";

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

/** Sum or mean of stored integers. */
function summing(kind: "sum" | "mean"): KernelFactory {
  return (node, { rounding }) => {
    const axes = node.attributes.axes as readonly number[];
    const [input, output] = [affineOf(node.inputs[0], node), affineOf(node.outputs[0], node)];
    const whole = quantizeMultiplier(input.scale / output.scale, rounding);
    const multiply = multiplyBy[rounding];
    return ([x], [type]) => {
      const { tensor, data } = resultOf(type);
      const count = elementCount(axes.map((axis) => x!.shape[axis]));
      const { value, shift } = kind === "mean" && count > 0 ? divided(whole, count) : whole;
      const sums = sumsOf(x!, axes, data.length);
      for (let at = 0; at < data.length; at++) {
        const sum = (sums[at] - input.zeroPoint * count) | 0;
        data[at] = clampToType(multiply(sum, value, shift) + output.zeroPoint, output);
      }
      return [tensor];
    };
  };
}

export const integerSum = summing("sum");
export const integerMean = summing("mean");

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
