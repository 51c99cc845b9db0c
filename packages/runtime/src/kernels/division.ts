import { reciprocal } from "../arithmetic/exponential.ts";
import { divideByPowerOfTwo, doublingHighMultiply } from "../arithmetic/fixed-point.ts";
import { multiplyBy, quantizeMultiplier } from "../arithmetic/multiplier.ts";
import { activationClamp, affineOf, type KernelFactory } from "./kernel.ts";
import { pairwise } from "./pairwise.ts";

/** Quotient by the reciprocal of the divisor. */
export const integerDiv: KernelFactory = (node, context) => {
  const [a, b] = node.inputs.map((value) => affineOf(value, node));
  const output = affineOf(node.outputs[0], node);
  const [low, high] = activationClamp(output, node);
  const factor = Math.fround(a.scale / Math.fround(b.scale * output.scale));
  const { value, shift } = quantizeMultiplier(factor, context.rounding);
  const multiply = multiplyBy[context.rounding];
  return pairwise((x, y) => {
    const divisor = y - b.zeroPoint;
    const dividend = divisor < 0 ? a.zeroPoint - x : x - a.zeroPoint;
    const inverse = reciprocal(Math.abs(divisor), 31);
    const headroom = Math.clz32(dividend < 0 ? ~dividend : dividend) - 1;
    const quotient = doublingHighMultiply(dividend << headroom, inverse.value);
    const exponent = shift - inverse.bitsOverUnit - headroom;
    const scaled =
      exponent < -31
        ? divideByPowerOfTwo(multiply(quotient, value, -31), Math.min(31, -31 - exponent))
        : multiply(quotient, value, exponent);
    return Math.max(low, Math.min(high, scaled + output.zeroPoint));
  });
};
