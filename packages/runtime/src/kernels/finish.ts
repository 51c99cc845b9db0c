import type { Node, Tensor, TensorData, Value } from "@millrace/ir";
import { type Activation, activationRanges } from "@millrace/ops";
import { roundAwayFromZero } from "../arithmetic/fixed-point.ts";
import {
  type Multiplier,
  type Multiply,
  multiplyBy,
  multiplyWide,
  quantizeMultiplier,
  type Rounding,
} from "../arithmetic/multiplier.ts";
import { type Affine, activationClamp, affineOf, type KernelContext } from "./kernel.ts";

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

/** How the factor input scale · weight scale / output scale is applied to sums, channel by channel. */
export interface Scaling {
  readonly channels: number;
  /**
   * - `multiplier`: as fixed-point multiplier, made from a product of scales in double.
   * - `legacy`: the same, from a product in float32: TFLite's unsigned convolutions and matrix products, and TFLite
   *   Micro's fully connected layers with one scale.
   * - `real`: in double, rounded to nearest with ties away from zero, as full TFLite's reference FULLY_CONNECTED does.
   *   In TensorFlow 2.21's own results 2 of 735 8-bit and 13 of 279 16-bit numbers differ by 1 from those of the
   *   multiplier, and none from these. TFLite Micro keeps the multiplier.
   */
  readonly kind: "multiplier" | "legacy" | "real";
  /** Whether 16-bit data without a bias sum up in 32 bits, as with a bias of 32 bits, rather than 64. */
  readonly narrow?: boolean;
}

/** The scaling of convolutions. */
export function scalingKind(input: Affine): Scaling["kind"] {
  return input.dtype === "u8" ? "legacy" : "multiplier";
}

/** One real factor for each channel. */
function factorsOf(node: Node, { channels, kind }: Scaling): Float64Array {
  const [input, weights] = node.inputs as Value[];
  const inputScale = affineOf(input, node).scale;
  const outputScale = affineOf(node.outputs[0], node).scale;
  const scales = weights.type.quantization?.scale ?? [affineOf(weights, node).scale];
  return Float64Array.from({ length: channels }, (_, channel) => {
    const product = inputScale * scales[channel % scales.length];
    return (kind === "legacy" ? Math.fround(product) : product) / outputScale;
  });
}

function multiplyReal(sum: number, factor: number): number {
  return roundAwayFromZero(sum * factor);
}

/** How sums, bias included, become stored results; `multiply` takes a sum with the value and the shift of its channel. */
export interface StoredScaling {
  readonly multiply: Multiply;
  readonly values: Float64Array;
  readonly shifts: Int32Array;
  readonly zeroPoint: number;
  readonly low: number;
  readonly high: number;
  /** Whether sums have 64 bits rather than 32. */
  readonly wide: boolean;
  /** How products of 32-bit sums are rounded: as the engine's multipliers are, or in double, halves away from zero. */
  readonly kind: Rounding | "real";
}

/**
 * The scaling of a node's sums. Sums are 32 bits wide, or 64 with 16-bit activations unless the bias is 32 bits wide or there is
 * none in a layer whose sums are then narrow; 64-bit sums take TFLite's multiplication of their own.
 */
export function storedScaling(node: Node, scaling: Scaling, context: KernelContext): StoredScaling {
  const output = affineOf(node.outputs[0], node);
  const [low, high] = activationClamp(output, node);
  const [x, , bias] = node.inputs;
  const wide = x?.type.dtype === "i16" && (bias ? bias.type.dtype !== "i32" : !scaling.narrow);
  const factors = factorsOf(node, scaling);
  const multipliers = Array.from(factors, (factor) => quantizeMultiplier(factor, context.rounding));
  const real = scaling.kind === "real";
  const values = real ? factors : Float64Array.from(multipliers, ({ value }) => value);
  const shifts = Int32Array.from(multipliers, ({ shift }) => shift);
  const multiply: Multiply = real ? multiplyReal : wide ? multiplyWide : multiplyBy[context.rounding];
  return {
    multiply,
    values,
    shifts,
    zeroPoint: output.zeroPoint,
    low,
    high,
    wide,
    kind: real ? "real" : context.rounding,
  };
}

/** How sums that all have one multiplier become stored integers. */
export interface Rescaling {
  readonly multiplier: Multiplier;
  readonly zeroPoint: number;
  readonly low: number;
  readonly high: number;
}

/** Stored integers from exact sums. */
export function integerFinish(node: Node, scaling: Scaling, context: KernelContext): FinishFactory {
  const { multiply, values, shifts, zeroPoint, low, high, wide } = storedScaling(node, scaling, context);
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

/** Biases as numbers, zeros without them. */
export function offsetsOf(bias: Tensor | undefined, channels: number): Float64Array {
  const offsets = new Float64Array(channels);
  if (bias?.data instanceof BigInt64Array) offsets.set(Array.from(bias.data, Number));
  else if (bias !== undefined) offsets.set(bias.data as Float32Array);
  return offsets;
}
