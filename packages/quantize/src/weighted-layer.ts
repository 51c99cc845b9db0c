import {
  type Diagnostic,
  elementCount,
  fromNumbers,
  type Node,
  numbersOf,
  type Quantization,
  type Tensor,
  type Value,
  type WeightsRule,
} from "@millrace/ir";
import { quantizeBias, quantizeWeights } from "@millrace/passes";
import type { InputProducts } from "./rounding/input-products.ts";
import { type Rounding, roundWeights } from "./rounding/round-weights.ts";
import { slotOf } from "./slot.ts";

/** Integers and how they stand for reals. */
export interface IntegerConstant {
  readonly tensor: Tensor;
  readonly quantization: Quantization;
}

/** The constants of a layer with weights as integers. */
export interface IntegerLayer {
  readonly weights: IntegerConstant;
  readonly bias?: IntegerConstant;
  readonly diagnostics: readonly Diagnostic[];
}

export interface LayerOptions {
  /** Scale of the layer's data. */
  readonly inputScale: number;
  readonly weightType: "i8" | "i4";
  readonly biasType: "i32" | "i64";
  readonly perTensor: boolean;
  /** Mean of each channel of the layer's data; with it the bias is corrected. */
  readonly means?: ArrayLike<number>;
  readonly rounding: Rounding;
  /** How the inputs of the weights vary together; without it each weight is rounded to the nearest. */
  readonly products?: InputProducts;
}

/** Greatest bias in steps of its scale that leaves a sum room for the products. */
export const greatestBias = { i32: 2 ** 30, i64: 2 ** 45 } as const;

/** Quantizes a layer's constant weights, and its bias where that is constant. */
export function quantizeLayer(node: Node, rule: WeightsRule, options: LayerOptions): IntegerLayer {
  const [weights, bias] = [rule.weights, rule.bias].map((name) => node.inputs[slotOf(node, name)]);
  const tensor = weights!.constant!;
  const offsets = bias?.constant && numbersOf(bias.constant);
  const { inputScale, perTensor, weightType, biasType, rounding, products } = options;
  const leastScale = (channel: number) =>
    offsets ? Math.abs(offsets[channel]) / (inputScale * greatestBias[biasType]) : 0;
  const axis = rule.axis(node.attributes, tensor.shape.length);
  const { raised, exceeding, ...nearest } = quantizeWeights(tensor, axis, { dtype: weightType, perTensor, leastScale });
  const diagnostics = raised.length > 0 ? [raisedScales(node, raised)] : [];
  if (exceeding.length > 0) diagnostics.push(exceedingBias(node, bias, exceeding));
  const isSeen = products !== undefined && products.groups === rule.groups?.(node.attributes);
  const rounded = isSeen
    ? roundWeights(node, tensor, nearest, { rounding, products, centered: options.means !== undefined, leastScale })
    : { integers: nearest, diagnostics: [] };
  const { integers } = rounded;
  diagnostics.push(...rounded.diagnostics);
  const corrected = (bias === undefined || bias.constant) && correctedBias(node, rule, integers, options);
  if (!corrected) return { weights: integers, diagnostics };
  const { saturated, ...quantized } = quantizeBias(corrected, biasType, inputScale, integers.quantization.scale);
  if (saturated.length > 0) diagnostics.push(saturatedBias(node, bias, saturated));
  return { weights: integers, bias: quantized, diagnostics };
}

/**
 * The bias less the mean shift that rounding the weights causes: b[o] - Σ (ŵ[o, …] - w[o, …]) · mean(x), where the mean is that of the channel a
 * weight meets (Nagel et al., "Data-Free Quantization through Weight Equalization and Bias Correction", 2019, with measured means).
 */
function correctedBias(
  node: Node,
  rule: WeightsRule,
  integers: IntegerConstant,
  { means }: LayerOptions,
): Tensor | undefined {
  const bias = node.inputs[slotOf(node, rule.bias)]?.constant;
  const groups = rule.groups?.(node.attributes);
  if (means === undefined || groups === undefined) return bias;
  const weights = node.inputs[slotOf(node, rule.weights)]!.constant!;
  const [real, stored] = [numbersOf(weights), numbersOf(integers.tensor)];
  const [outputs, depth] = [weights.shape[0], weights.shape.at(-1)!];
  const size = elementCount(weights.shape) / outputs;
  const { scale } = integers.quantization;
  const result = bias ? Float64Array.from(numbersOf(bias)) : new Float64Array(outputs);
  for (let output = 0; output < outputs; output++) {
    const first = Math.floor((output * groups) / outputs) * depth;
    const step = scale[output % scale.length];
    for (let at = 0; at < size; at++) {
      const index = output * size + at;
      result[output] -= (stored[index] * step - real[index]) * means[first + (at % depth)];
    }
  }
  return fromNumbers("f32", [outputs], result);
}

function raisedScales(node: Node, channels: readonly number[]): Diagnostic {
  return {
    code: "quantize.idle-channels",
    severity: "info",
    message: `${node.name}: ${channels.length} channels have weights so small beside the others that their bias would not fit 32 bits; their weights got a coarser scale`,
    at: { node: node.name },
    hint: "nothing needs to be done; such channels could be pruned from the model",
  };
}

function listed(channels: readonly number[]): string {
  return channels.slice(0, 5).join(", ") + (channels.length > 5 ? ` and ${channels.length - 5} more` : "");
}

function exceedingBias(node: Node, bias: Value | undefined, channels: readonly number[]): Diagnostic {
  return {
    code: "quantize.bias-exceeds-weights",
    severity: "warning",
    message: `${node.name}: the bias of channel ${listed(channels)} is so great beside what the weights add that it would not fit the sums; the weights got a coarser scale`,
    at: { node: node.name, ...(bias && { value: bias.name }) },
    hint: "calibrate with data that has the real range of this layer's input, or check the layer for weights that are almost zero",
  };
}

function saturatedBias(node: Node, bias: Value | undefined, channels: readonly number[]): Diagnostic {
  return {
    code: "quantize.bias-saturates",
    severity: "error",
    message: `${node.name}: the bias of channel ${listed(channels)} does not fit 32 bits, because the scales of its input and weights are so small`,
    at: { node: node.name, ...(bias && { value: bias.name }) },
    hint: "calibrate with data that has the real range of this layer's input, or check the layer for weights that are almost zero",
  };
}
