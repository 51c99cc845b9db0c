import type { Tensor, Value } from "@millrace/ir";
import { svdf } from "@millrace/ops";
import { multiplyBy, quantizeMultiplier } from "../arithmetic/multiplier.ts";
import { type Affine, affineOf, clampToType, integersOf, type KernelFactory, resultOf } from "./kernel.ts";

const single = Math.fround;

/** The factor between a product of two scales and a result's, in float32. */
function factorOf(a: Affine, b: Affine, result: Affine): number {
  return single(single(a.scale * b.scale) / result.scale);
}

/**
 * TFLite's SVDF on stored integers: memories in 16 bits, sums in 32. As there, ReLU is left to the range of the result.
 */
export const integerSvdf: KernelFactory = (node, { rounding }) => {
  const [x, features, times, , state] = node.inputs as Value[];
  const rank = svdf.attributesOf(node).rank;
  const [input, output] = [affineOf(x, node, ["i8"]), affineOf(node.outputs[0], node, ["i8"])];
  const [kept, time] = [affineOf(state, node, ["i16"]), affineOf(times, node, ["i16"])];
  const toState = quantizeMultiplier(factorOf(input, affineOf(features, node, ["i8"]), kept), rounding);
  const toOutput = quantizeMultiplier(factorOf(kept, time, output), rounding);
  const multiply = multiplyBy[rounding];
  return ([data, feature, weights, bias, before], [type, nextType]) => {
    const [batch, inputs] = (data as Tensor).shape;
    const [filters, memory] = (weights as Tensor).shape;
    const [source, rows, taps, old] = [data, feature, weights, before].map(integersOf);
    const [result, next] = [resultOf(type), resultOf(nextType)];
    const units = filters / rank;
    const sums = new Int32Array(batch * units);
    if (bias) for (let at = 0; at < sums.length; at++) sums[at] = integersOf(bias)[at % units];
    for (let at = 0; at < batch * filters; at++) {
      const [entry, filter] = [Math.floor(at / filters), at % filters];
      let product = 0;
      for (let k = 0; k < inputs; k++)
        product += rows[filter * inputs + k] * (source[entry * inputs + k] - input.zeroPoint);
      next.data.set(old.subarray(at * memory + 1, (at + 1) * memory), at * memory);
      next.data[(at + 1) * memory - 1] = clampToType(multiply(product | 0, toState.value, toState.shift), kept);
      const unit = entry * units + Math.floor(filter / rank);
      for (let age = 0; age < memory; age++) sums[unit] += taps[filter * memory + age] * next.data[at * memory + age];
    }
    for (let at = 0; at < sums.length; at++) {
      const scaled = multiply(sums[at], toOutput.value, toOutput.shift) + output.zeroPoint;
      result.data[at] = clampToType(scaled, output);
    }
    return [result.tensor, next.tensor];
  };
};
