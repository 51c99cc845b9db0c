import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { multiplyBy, multiplyWide, quantizeMultiplier } from "./multiplier.ts";

const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const value = fc.integer({ min: 2 ** 30, max: 2 ** 31 - 1 });

function shiftDown(x: bigint, bits: number): bigint {
  return (x + (1n << BigInt(bits - 1))) >> BigInt(bits);
}

describe("quantizeMultiplier", () => {
  it("gives the factor back to 31 bits", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 1e6, noNaN: true }), (factor) => {
        const multiplier = quantizeMultiplier(factor);
        expect(multiplier.value).toBeGreaterThanOrEqual(2 ** 30);
        expect(multiplier.value).toBeLessThan(2 ** 31);
        const back = (multiplier.value / 2 ** 31) * 2 ** multiplier.shift;
        expect(Math.abs(back - factor) / factor).toBeLessThanOrEqual(2 ** -31);
      }),
    );
  });

  it.each([
    [1, 2 ** 30, 1],
    [0.5, 2 ** 30, 0],
    [0.75, 1610612736, 0],
    [-0.3, -1288490189, -1],
    [1 - 2 ** -40, 2 ** 30, 1],
    [2 ** -40, 0, 0],
    [0, 0, 0],
  ])("of %d is %d · 2^%d / 2^31", (factor, stored, shift) => {
    expect(quantizeMultiplier(factor)).toEqual({ value: stored, shift });
  });

  it("is capped at 2^30 for single rounding", () => {
    expect(quantizeMultiplier(2 ** 35, "single")).toEqual({ value: 2 ** 31 - 1, shift: 30 });
  });
});

describe("multiplication by a quantized multiplier equals its definition in exact integers", () => {
  it("single rounding: (x · value + 2^(30 - shift)) >> (31 - shift)", () => {
    fc.assert(
      fc.property(word, value, fc.integer({ min: -31, max: 30 }), (x, multiplier, shift) => {
        const exact = shiftDown(BigInt(x) * BigInt(multiplier), 31 - shift);
        fc.pre(exact === BigInt.asIntN(32, exact));
        expect(multiplyBy.single(x, multiplier, shift)).toBe(Number(exact));
      }),
    );
  });

  it("double rounding may differ from it, by one", () => {
    const differences = new Set<number>();
    for (let x = -5000; x <= 5000; x++)
      differences.add(multiplyBy.double(x, 1674432124, -8) - multiplyBy.single(x, 1674432124, -8));
    expect([...differences].sort()).toEqual([-1, 0, 1]);
  });

  it("double rounding rounds half the low bit up first: 7715 · 0.00304… is 24, not 23", () => {
    expect(multiplyBy.double(7715, 1674432124, -8)).toBe(24);
    expect(multiplyBy.single(7715, 1674432124, -8)).toBe(23);
  });

  it("wide: the multiplier has 16 bits", () => {
    const sum = fc.integer({ min: -(2 ** 47), max: 2 ** 47 - 1 });
    fc.assert(
      fc.property(sum, value, fc.integer({ min: -31, max: 7 }), (x, multiplier, shift) => {
        const factor = multiplier < 0x7fff0000 ? (multiplier + 0x8000) >> 16 : 0x7fff;
        const exact = shiftDown(BigInt(x) * BigInt(factor), 15 - shift);
        fc.pre(exact === BigInt.asIntN(32, exact));
        expect(multiplyWide(x, multiplier, shift)).toBe(Number(exact));
      }),
    );
  });
});
