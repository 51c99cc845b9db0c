import { describe, expect, it } from "vitest";
import { expOfNegative, hyperbolicTangent, logistic, reciprocal } from "./exponential.ts";
import { inverseSquareRoot } from "./inverse-square-root.ts";
import { logarithm } from "./logarithm.ts";

const one = 2 ** 31;

function largestError(count: number, error: (share: number) => number): number {
  return Math.max(...Array.from({ length: count }, (_, index) => Math.abs(error(index / count))));
}

describe("fixed-point functions stay close to the real ones", () => {
  it("exp on [-32, 0] in Q5.26", () => {
    const error = largestError(4001, (share) => {
      const a = -Math.floor(share * 2 ** 31);
      return expOfNegative(a, 5) / one - Math.exp(a / 2 ** 26);
    });
    expect(error).toBeLessThan(1e-6);
    expect(expOfNegative(0, 5)).toBe(2 ** 31 - 1);
  });

  it("logistic and tanh on [-16, 16] in Q4.27", () => {
    const at = (share: number) => Math.floor((share * 2 - 1) * 2 ** 31);
    expect(
      largestError(4001, (share) => logistic(at(share), 4) / one - 1 / (1 + Math.exp(-at(share) / 2 ** 27))),
    ).toBeLessThan(1e-6);
    expect(
      largestError(4001, (share) => hyperbolicTangent(at(share), 4) / one - Math.tanh(at(share) / 2 ** 27)),
    ).toBeLessThan(2e-6);
    expect([logistic(0, 4), hyperbolicTangent(0, 4)]).toEqual([2 ** 30, 0]);
  });

  it("the reciprocal of Q12.19", () => {
    for (const x of [2 ** 19, 3 * 2 ** 18, 10 * 2 ** 19 + 12345, 1]) {
      const { value, bitsOverUnit } = reciprocal(x, 12);
      const real = value / one / 2 ** bitsOverUnit;
      expect(Math.abs(real * (x / 2 ** 19) - 1)).toBeLessThan(1e-7);
    }
  });

  it("1/√x of integers", () => {
    for (const x of [2, 3, 4, 100, 12345, 2 ** 20 + 1, 2 ** 30]) {
      const { value, shift } = inverseSquareRoot(x);
      expect(Math.abs((value / one) * 2 ** shift * Math.sqrt(x) - 1)).toBeLessThan(1e-5);
    }
    expect(inverseSquareRoot(0)).toEqual({ value: 2 ** 31 - 1, shift: 0 });
  });

  it("log of Q12.19 in Q5.26", () => {
    for (const x of [1, 1.5, 2, 10, 300, 4000]) {
      const stored = Math.floor(x * 2 ** 19);
      expect(Math.abs(logarithm(stored, 12, 5) / 2 ** 26 - Math.log(stored / 2 ** 19))).toBeLessThan(1e-5);
    }
  });
});
