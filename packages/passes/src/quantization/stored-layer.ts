import {
  elementCount,
  fromNumbers,
  type Node,
  numbersOf,
  type Quantization,
  type Tensor,
  type Value,
  type WeightsRule,
} from "@millrace/ir";
import { type Refusal, refuse } from "../rewrite.ts";
import { realConstant, storedConstant } from "./real-constant.ts";
import type { Steps } from "./steps.ts";
import { quantizeBias, quantizeWeights } from "./stored-constants.ts";

/** A constant of integers and how they stand for reals. */
export interface StoredConstant {
  readonly tensor: Tensor;
  readonly quantization: Quantization;
}

/** The constants of a layer with weights, for data in given steps. */
export interface StoredLayer {
  readonly weights: StoredConstant;
  readonly bias?: StoredConstant;
}

/** Stores a layer's weights and bias so that its integer kernel can read them; refuses what has no such form. */
export function storedLayer(node: Node, rule: WeightsRule, data: Steps): StoredLayer | Refusal {
  const input = (name: string) => node.inputs[node.op.inputs.findIndex((slot) => slot.name === name)];
  const [weights, bias] = [input(rule.weights)!, input(rule.bias)];
  const real = bias && realConstant(bias);
  if (!weights.constant && !storedConstant(weights)) return refuse("its weights are not constant");
  if (bias && !real) return refuse("its bias is not constant");
  const axis = rule.axis(node.attributes, weights.type.shape.length);
  const stored = storedWeights(weights, axis, data);
  if (real === undefined) return { weights: stored };
  const found = storedBias(bias!, real, data, stored.quantization);
  return found ? { weights: stored, bias: found } : refuse("its bias does not fit 32 bits beside its weights");
}

/** Integers around zero are kept as they are; others become so, as far as the kernels of unsigned bytes don't take them. */
function storedWeights(weights: Value, axis: number, data: Steps): StoredConstant {
  const stored = storedConstant(weights);
  const kept = stored && centeredWeights(stored, axis);
  if (kept) return kept;
  if (stored?.type.dtype === "u8" && data.dtype === "u8" && stored.type.quantization!.axis === undefined)
    return { tensor: stored.constant!, quantization: stored.type.quantization! };
  return quantizeWeights(realConstant(weights)!, axis, { dtype: "i8", perTensor: false, leastScale: () => 0 });
}

/** The same weights as signed integers whose zero is 0, if they fit 8 bits and have scales along no other axis. */
function centeredWeights({ constant, type }: Value, axis: number): StoredConstant | undefined {
  const { scale, zeroPoint, axis: own } = type.quantization!;
  if (own !== undefined && own !== axis) return undefined;
  const quantization = { scale, zeroPoint: zeroPoint.map(() => 0), ...(own !== undefined && { axis: own }) };
  const plain = zeroPoint.every((zero) => zero === 0);
  if (plain && (type.dtype === "i8" || type.dtype === "i4")) return { tensor: constant!, quantization };
  const inner = own === undefined ? Number.POSITIVE_INFINITY : elementCount(constant!.shape.slice(own + 1));
  const moved = Float64Array.from(
    numbersOf(constant!),
    (number, at) => number - zeroPoint[Math.floor(at / inner) % zeroPoint.length],
  );
  if (moved.some((number) => number < -127 || number > 127)) return undefined;
  return { tensor: fromNumbers("i8", constant!.shape, moved), quantization };
}

/** Sums of products are 32 bits wide, and 64 for data of 16 bits; a bias that has their scale already stays as it is. */
function storedBias(bias: Value, real: Tensor, data: Steps, weights: Quantization): StoredConstant | undefined {
  const [inputScale] = data.quantization.scale;
  const stored = storedConstant(bias);
  const scale = weights.scale.map((step) => Math.fround(inputScale * step));
  const fits = stored?.type.dtype === "i32" && hasScales(stored.type.quantization!, scale);
  const { saturated, ...made } = fits
    ? { tensor: stored.constant!, quantization: weightsLike(scale), saturated: [] }
    : quantizeBias(real, data.dtype === "i16" ? "i64" : "i32", inputScale, weights.scale);
  if (saturated.length > 0) return undefined;
  if (data.dtype !== "i16") return made;
  return { ...made, tensor: fromNumbers("i64", made.tensor.shape, numbersOf(made.tensor)) };
}

function weightsLike(scale: readonly number[]): Quantization {
  return { scale, zeroPoint: scale.map(() => 0), ...(scale.length > 1 && { axis: 0 }) };
}

function hasScales({ scale, zeroPoint }: Quantization, wanted: readonly number[]): boolean {
  if (zeroPoint.some((zero) => zero !== 0)) return false;
  return wanted.every((step, index) => Math.abs(scale[scale.length === 1 ? 0 : index] - step) <= step * 2 ** -22);
}
