import type { QuantizationRule } from "@millrace/ir";

/** The result has a range of its own. */
export const free: QuantizationRule = { kind: "free" };

/** The same, in 8 bits only. */
export const freeBytes: QuantizationRule = { kind: "free", bytes: true };

/** It computes with integers as they are stored, whatever they stand for. */
export const stored: QuantizationRule = { kind: "stored" };

/** There is no integer form. */
export function float(why: string): QuantizationRule {
  return { kind: "float", why };
}

/** The result's parameters are those of the operator; 16-bit integers have the zero point 0. */
export function fixed(byteScale: number, byteZeroPoint: number, wordScale: number): QuantizationRule {
  return {
    kind: "fixed",
    parameters: (bits) =>
      bits === 8 ? { scale: byteScale, zeroPoint: byteZeroPoint } : { scale: wordScale, zeroPoint: 0 },
  };
}

/** The same, in 8 bits only. */
export function fixedBytes(scale: number, zeroPoint: number): QuantizationRule {
  return { kind: "fixed", parameters: () => ({ scale, zeroPoint }), bytes: true };
}

/** There is no integer form of the operator itself, but of the steps that it is written out in. */
export const writtenOutFirst = float("it is written out in steps that have integer forms before a model is quantized");
