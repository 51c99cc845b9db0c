import type { Dimension, QuantizationRule } from "@millrace/ir";
import { float } from "../rules.ts";

/** Sound is prepared in integers with scales of the operators' own. */
export const signalRule: QuantizationRule = float("it prepares sound in integers of its own");

/** Whether a size is a power of two that a Fourier transform takes. */
export function isTransformLength(length: Dimension): boolean {
  return typeof length === "number" && length >= 4 && length <= 2 ** 20 && Number.isInteger(Math.log2(length));
}
