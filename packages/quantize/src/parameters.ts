import { type DType, integerRange, perTensor, type Quantization } from "@millrace/ir";
import type { Range } from "./range.ts";
import type { IntegerType } from "./scheme.ts";

/**
 * Parameters whose range holds `range` and zero exactly. In int8: scale = (max - min) / 255, zeroPoint = -128 - min / scale, rounded. In
 * int16, or if `symmetric`: scale = max|x| / 32767 or 127, zeroPoint 0. An empty or all-zero range gets scale 1.
 */
export function activationParameters(range: Range, dtype: IntegerType, symmetric = dtype === "i16"): Quantization {
  const minimum = Math.min(0, range.minimum);
  const maximum = Math.max(0, range.maximum);
  const [low, high] = integerRange(dtype);
  const scale = Math.fround(symmetric ? Math.max(-minimum, maximum) / high : (maximum - minimum) / (high - low));
  if (!(scale > 0) || !Number.isFinite(scale)) return perTensor(1, 0);
  const zeroPoint = symmetric ? 0 : Math.round(low - minimum / scale);
  return perTensor(scale, Math.min(high, Math.max(low, zeroPoint)));
}

/** Real values that the parameters can represent. */
export function representable(parameters: Quantization, dtype: DType): Range {
  const [low, high] = integerRange(dtype);
  const [scale] = parameters.scale;
  const [zeroPoint] = parameters.zeroPoint;
  return { minimum: (low - zeroPoint) * scale, maximum: (high - zeroPoint) * scale };
}

/** The same reals as unsigned bytes: everything moves up by 128. */
export function asUnsigned(parameters: Quantization): Quantization {
  return { ...parameters, zeroPoint: parameters.zeroPoint.map((zero) => zero + 128) };
}

/** Unsigned bytes as signed ones for the same reals. */
export function asSigned(parameters: Quantization): Quantization {
  return { ...parameters, zeroPoint: parameters.zeroPoint.map((zero) => zero - 128) };
}
