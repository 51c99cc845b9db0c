import { integerRange, perTensor, type Quantization } from "@millrace/ir";
import type { Range } from "./range.ts";

/**
 * Asymmetric int8 parameters whose range holds `range` and zero exactly: scale = (max - min) / 255,
 * zeroPoint = -128 - min / scale, rounded. An empty or all-zero range gets scale 1.
 */
export function activationParameters(range: Range): Quantization {
  const minimum = Math.min(0, range.minimum);
  const maximum = Math.max(0, range.maximum);
  const [low, high] = integerRange("i8");
  const scale = Math.fround((maximum - minimum) / (high - low));
  if (!(scale > 0) || !Number.isFinite(scale)) return perTensor(1, 0);
  const zeroPoint = Math.round(low - minimum / scale);
  return perTensor(scale, Math.min(high, Math.max(low, zeroPoint)));
}

/** Real values that the parameters can represent in int8. */
export function representable(parameters: Quantization): Range {
  const [low, high] = integerRange("i8");
  const [scale] = parameters.scale;
  const [zeroPoint] = parameters.zeroPoint;
  return { minimum: (low - zeroPoint) * scale, maximum: (high - zeroPoint) * scale };
}

/** The same reals as unsigned bytes: everything moves up by 128. */
export function asUnsigned(parameters: Quantization): Quantization {
  return { ...parameters, zeroPoint: parameters.zeroPoint.map((zero) => zero + 128) };
}
