import { describe, expect, test } from "vitest";
import { covarianceProducts, relatedInputs } from "./related-inputs.ts";
import { RowDescent } from "./row-descent.ts";

function descentOf(weights: readonly number[], start: readonly number[], covariance: readonly number[]): RowDescent {
  const inputs = relatedInputs(Float64Array.from(covariance), weights.length);
  const [row, integers] = [Float64Array.from(weights), Int8Array.from(start)];
  const [wanted, reached] = covarianceProducts(inputs, [row, integers]);
  return new RowDescent({ inputs, weights: row, wanted, limit: 7 }, { integers, scale: 1, reached });
}

describe("RowDescent", () => {
  test("rounds a weight against the nearest where that makes up for another", () => {
    const descent = descentOf([0.4, 0.4], [0, 0], [1, 0.9, 0.9, 1]);
    expect(descent.loss).toBeCloseTo(0.608, 9);
    expect(descent.sweep()).toBe(true);
    expect([...descent.integers]).toEqual([1, 0]);
    expect(descent.loss).toBeCloseTo(0.36 + 0.16 - 2 * 0.9 * 0.24, 9);
  });

  test("changes two at once where neither alone would gain", () => {
    const descent = descentOf([0.4, 0.6], [1, 0], [1, 0.99, 0.99, 1]);
    expect(descent.sweep()).toBe(true);
    expect([...descent.integers]).toEqual([0, 1]);
    expect(descent.sweep()).toBe(false);
  });

  test("leaves inputs that vary apart at the nearest", () => {
    const descent = descentOf([0.4, 2.6, -9], [5, -1, 0], [1, 0, 0, 0, 2, 0, 0, 0, 3]);
    descent.sweep();
    expect([...descent.integers]).toEqual([0, 3, -7]);
  });

  test("fits the scale to the integers, but not below the least", () => {
    const descent = descentOf([0.9, 1.8], [1, 2], [1, 0.5, 0.5, 1]);
    expect(descent.refitScale(0.95)).toBe(true);
    expect(descent.scale).toBe(Math.fround(0.95));
    expect(descent.refitScale(0)).toBe(true);
    expect(descent.scale).toBeCloseTo(0.9, 6);
    expect(descent.loss).toBeCloseTo(0, 9);
    expect(descent.refitScale(0)).toBe(false);
  });
});
