import { quantizeWeights } from "@millrace/passes";
import { describe, expect, test } from "vitest";
import type { IntegerConstant } from "../weighted-layer.ts";
import { compensateRounding } from "./compensate-rounding.ts";
import { inputs, lossesOf, productsOf, size, weights } from "./testing-layer.ts";

/** The loss of all output channels. */
const lossOf = (rounded: IntegerConstant, centered: boolean) =>
  lossesOf(rounded, centered).reduce((sum, loss) => sum + loss, 0);

describe("weights whose rounding errors cancel", () => {
  test.each([
    ["i4", false, true],
    ["i4", false, false],
    ["i8", false, true],
    ["i4", true, true],
  ] as const)("%s, per tensor %s, centered %s", (dtype, perTensor, centered) => {
    const nearest = quantizeWeights(weights, 0, { dtype, perTensor, leastScale: () => 0 });
    const options = { products: productsOf(inputs), centered, leastScale: () => 0 };
    const compensated = compensateRounding(weights, nearest, options);
    expect(lossOf(compensated, centered)).toBeLessThan(lossOf(nearest, centered) / 3);
    expect(compensated.tensor.dtype).toBe(dtype);
    if (perTensor) expect(compensated.quantization).toEqual(nearest.quantization);
  });

  test("inputs that never vary leave weights rounded to the nearest", () => {
    const nearest = quantizeWeights(weights, 0, { dtype: "i8", perTensor: true, leastScale: () => 0 });
    const options = { products: productsOf([new Float64Array(size)]), centered: true, leastScale: () => 0 };
    expect(compensateRounding(weights, nearest, options).tensor.data).toEqual(nearest.tensor.data);
  });

  test("no scale falls below the least", () => {
    const nearest = quantizeWeights(weights, 0, { dtype: "i4", perTensor: false, leastScale: () => 0 });
    const leastScale = (channel: number) => nearest.quantization.scale[channel] * 0.99;
    const options = { products: productsOf(inputs), centered: true, leastScale };
    const { quantization } = compensateRounding(weights, nearest, options);
    for (const [channel, scale] of quantization.scale.entries())
      expect(scale).toBeGreaterThanOrEqual(leastScale(channel));
  });

  test("places with numbers that are not finite count for nothing", () => {
    const broken = inputs.flatMap((input, at) => (at % 50 === 0 ? [input.with(3, Number.NaN), input] : [input]));
    for (const centered of [true, false])
      for (const [at, value] of productsOf(broken).covariance(0, centered).entries())
        expect(value).toBeCloseTo(productsOf(inputs).covariance(0, centered)[at], 8);
  });
});
