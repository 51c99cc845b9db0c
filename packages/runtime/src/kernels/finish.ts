import type { Node, Tensor, TensorData, Value } from "@millrace/ir";
import { type Activation, activationRanges } from "@millrace/ops";
import { multiplyBy, multiplyWide, quantizeMultiplier } from "../arithmetic/multiplier.ts";
import { activationClamp, affineOf, type KernelContext } from "./kernel.ts";

/**
 * Turns sums of products into stored results: `count` of them from sums[from] to target[at], for output channels
 * first, first + 1, … (bias, multiplier, zero point, clamp).
 */
export type Finish = (
  sums: Float64Array,
  from: number,
  target: TensorData,
  at: number,
  first: number,
  count: number,
) => void;

/** Prepares the last step of a node that sums products; the bias may be absent. */
export type FinishFactory = (bias: Tensor | undefined) => Finish;

/** What decides how sums become stored integers. */
export interface Scaling {
  readonly channels: number;
  /**
   * Whether the scales of input and weights are multiplied in float32, as TFLite's oldest kernels do
   * (unsigned convolutions, fully connected layers with one scale, matrix products), or in double.
   */
  readonly legacy: boolean;
}

/** Multiplier of each channel: input scale · weight scale / output scale. */
function multipliersOf(node: Node, { channels, legacy }: Scaling, context: KernelContext) {
  const [input, weights] = node.inputs as Value[];
  const inputScale = affineOf(input, node).scale;
  const outputScale = affineOf(node.outputs[0], node).scale;
  const scales = weights.type.quantization?.scale ?? [affineOf(weights, node).scale];
  const multipliers = scales.map((scale) => {
    const product = inputScale * scale;
    return quantizeMultiplier((legacy ? Math.fround(product) : product) / outputScale, context.rounding);
  });
  const ofChannel = (channel: number) => multipliers[channel % multipliers.length];
  return {
    values: Int32Array.from({ length: channels }, (_, channel) => ofChannel(channel).value),
    shifts: Int32Array.from({ length: channels }, (_, channel) => ofChannel(channel).shift),
  };
}

/**
 * Stored integers from exact sums. Sums are 32 bits wide, or 64 with 16-bit activations unless the bias is 32 bits
 * wide; 64-bit sums take TFLite's multiplication of their own.
 */
export function integerFinish(node: Node, scaling: Scaling, context: KernelContext): FinishFactory {
  const output = affineOf(node.outputs[0], node);
  const { values, shifts } = multipliersOf(node, scaling, context);
  const { zeroPoint } = output;
  const [low, high] = activationClamp(output, node);
  const wide = node.inputs[0]?.type.dtype === "i16" && node.inputs[2]?.type.dtype !== "i32";
  const multiply = wide ? multiplyWide : multiplyBy[context.rounding];
  return (bias) => {
    const offsets = offsetsOf(bias, scaling.channels);
    return (sums, from, target, at, first, count) => {
      const results = target as Int32Array;
      for (let index = 0; index < count; index++) {
        const channel = first + index;
        const sum = sums[from + index] + offsets[channel];
        const scaled = multiply(wide ? sum : sum | 0, values[channel], shifts[channel]) + zeroPoint;
        results[at + index] = Math.max(low, Math.min(high, scaled));
      }
    };
  };
}

/** Real results: sum plus bias, clamped. */
export function realFinish(node: Node, channels: number): FinishFactory {
  const [low, high] = activationRanges[(node.attributes.activation ?? "none") as Activation];
  return (bias) => {
    const offsets = offsetsOf(bias, channels);
    return (sums, from, target, at, first, count) => {
      const results = target as Float32Array;
      for (let index = 0; index < count; index++)
        results[at + index] = Math.min(high, Math.max(low, sums[from + index] + offsets[first + index]));
    };
  };
}

function offsetsOf(bias: Tensor | undefined, channels: number): Float64Array {
  const offsets = new Float64Array(channels);
  if (bias?.data instanceof BigInt64Array) offsets.set(Array.from(bias.data, Number));
  else if (bias !== undefined) offsets.set(bias.data as Float32Array);
  return offsets;
}
