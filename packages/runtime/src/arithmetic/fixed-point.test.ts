import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  divideByPowerOfTwo,
  doublingHighMultiply,
  halfSum,
  multiplyByPowerOfTwo,
  roundAwayFromZero,
} from "./fixed-point.ts";

const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

function floorDivide(a: bigint, b: bigint): bigint {
  return a / b - (a % b < 0n ? 1n : 0n);
}

describe("fixed-point arithmetic equals its definition in exact integers", () => {
  it("doublingHighMultiply is floor((a·b + 2^30) / 2^31), saturating", () => {
    fc.assert(
      fc.property(word, word, (a, b) => {
        const exact = floorDivide(BigInt(a) * BigInt(b) + 2n ** 30n, 2n ** 31n);
        expect(doublingHighMultiply(a, b)).toBe(Number(exact > 2n ** 31n - 1n ? 2n ** 31n - 1n : exact));
      }),
    );
    expect(doublingHighMultiply(-(2 ** 31), -(2 ** 31))).toBe(2 ** 31 - 1);
  });

  it("divideByPowerOfTwo rounds to nearest, ties away from zero", () => {
    fc.assert(
      fc.property(word, fc.integer({ min: 0, max: 31 }), (x, exponent) => {
        expect(divideByPowerOfTwo(x, exponent) + 0).toBe(roundAwayFromZero(x / 2 ** exponent) + 0);
      }),
    );
    expect([6, -6, 5, -5].map((x) => divideByPowerOfTwo(x, 2))).toEqual([2, -2, 1, -1]);
  });

  it("multiplyByPowerOfTwo saturates to the left and rounds to the right", () => {
    expect(multiplyByPowerOfTwo(2 ** 30, 1)).toBe(2 ** 31 - 1);
    expect(multiplyByPowerOfTwo(-(2 ** 30) - 1, 1)).toBe(-(2 ** 31));
    expect(multiplyByPowerOfTwo(-3, -1)).toBe(-2);
  });

  it("halfSum rounds away from zero", () => {
    expect([halfSum(1, 2), halfSum(-1, -2), halfSum(3, -2), halfSum(2, 4)]).toEqual([2, -2, 1, 3]);
  });

  it("roundAwayFromZero rounds as C's round does", () => {
    expect([0.5, -0.5, 2.5, -2.5, 0.49999999999999994, 4503599627370495.5].map(roundAwayFromZero)).toEqual([
      1, -1, 3, -3, 0, 4503599627370496,
    ]);
  });
});
