import { divideByPowerOfTwo } from "../arithmetic/fixed-point.ts";
import { quantizeMultiplier } from "../arithmetic/multiplier.ts";
import { clampToType, type KernelFactory } from "./kernel.ts";
import { elementwise } from "./stored-table.ts";

const single = Math.fround;
const [least, greatest] = [-32768, 32767];

function saturate16(x: number): number {
  return Math.max(least, Math.min(greatest, x));
}

/** Wraps to 16 bits, as a store to a 16-bit variable does. */
function wrap16(x: number): number {
  return (x << 16) >> 16;
}

/** Rounded high half of the doubled 16-bit product. */
function roundedHighMultiply(a: number, b: number): number {
  const product = a * b;
  return saturate16(Math.trunc((product + (product >= 0 ? 1 << 14 : 1 - (1 << 14))) / 32768));
}

/** Truncated high half of the doubled 16-bit product. */
function truncatedHighMultiply(a: number, b: number): number {
  return saturate16(Math.trunc((a * b) / 32768));
}

/** A factor with 16 bits: factor = value / 2^15 · 2^shift. */
function wordMultiplier(factor: number): { readonly value: number; readonly shift: number } {
  const { value, shift } = quantizeMultiplier(factor);
  return { value: value >= 0x7fffffff - 0x8000 ? greatest : (value + 0x8000) >> 16, shift };
}

/** x · min(6, max(0, x + 3)) / 6 in 16-bit fixed point (TFLite's reference HardSwish). */
export const integerHardSwish: KernelFactory = elementwise((_, __, input, output) => {
  const fine = single(single(1 / 128) * input.scale);
  const result = wordMultiplier(single(fine / output.scale));
  const gate = wordMultiplier(single(fine / single(3 / 32768)));
  return (stored) => {
    const x = wrap16((stored - input.zeroPoint) * 128);
    let share = x;
    if (gate.shift > 0) share = saturate16(share * 2 ** (gate.shift - 1));
    share = roundedHighMultiply(share, gate.value);
    if (gate.shift > 0) share = saturate16(share * 2);
    else if (gate.shift < 0) share = divideByPowerOfTwo(share, Math.min(31, -gate.shift));
    share = (share + 32768) >> 1;
    const product = truncatedHighMultiply(share, roundedHighMultiply(x, result.value));
    return clampToType(
      divideByPowerOfTwo(product, Math.min(31, Math.max(0, -result.shift))) + output.zeroPoint,
      output,
    );
  };
});
