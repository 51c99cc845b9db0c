import { numbersOf } from "@millrace/ir";
import { quantizeWeights } from "@millrace/passes";
import { describe, expect, test } from "vitest";
import type { IntegerConstant } from "../weighted-layer.ts";
import { compensateRounding } from "./compensate-rounding.ts";
import { dampedCovariance } from "./damped-covariance.ts";
import { learnRounding } from "./learn-rounding.ts";
import { inputs, lossesOf, outputs, productsOf, size, weights } from "./testing-layer.ts";

const products = productsOf(inputs);

/** For each output channel (ŵ - w)ᵀ C (ŵ - w), C being what samples make likely. */
function objectivesOf({ tensor, quantization }: IntegerConstant, centered: boolean): readonly number[] {
  const covariance = dampedCovariance(products, 0, centered);
  const [real, stored] = [numbersOf(weights), numbersOf(tensor)];
  return Array.from({ length: outputs }, (_, output) => {
    const scale = quantization.scale[output % quantization.scale.length];
    const error = Float64Array.from({ length: size }, (_, at) => {
      const index = output * size + at;
      return stored[index] * scale - real[index];
    });
    return covariance.reduce((sum, each, at) => sum + each * error[Math.floor(at / size)] * error[at % size], 0);
  });
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);

describe("learned rounding", () => {
  test.each([
    ["i4", false, true],
    ["i4", false, false],
    ["i8", false, true],
    ["i4", true, true],
    ["i8", true, true],
  ] as const)("%s, per tensor %s, centered %s: no channel ends above its starts", (dtype, perTensor, centered) => {
    const nearest = quantizeWeights(weights, 0, { dtype, perTensor, leastScale: () => 0 });
    const options = { products, centered, leastScale: () => 0 };
    const compensated = compensateRounding(weights, nearest, options);
    const learned = learnRounding(weights, nearest, options);
    const [ours, ...starts] = [learned, compensated, nearest].map((each) => objectivesOf(each, centered));
    for (const [output, objective] of ours.entries())
      for (const start of starts) expect(objective).toBeLessThanOrEqual(start[output] * (1 + 1e-9));
    expect(sum(ours)).toBeLessThan(sum(starts[0]) * 0.99);
    expect(sum(lossesOf(learned, centered))).toBeLessThan(sum(lossesOf(nearest, centered)) / 3);
    expect(learned.tensor.dtype).toBe(dtype);
    if (perTensor) expect(learned.quantization).toEqual(nearest.quantization);
    expect(learnRounding(weights, nearest, options)).toEqual(learned);
  });

  test("integers keep to the range of their type, whose least is not used", () => {
    const nearest = quantizeWeights(weights, 0, { dtype: "i4", perTensor: false, leastScale: () => 0 });
    const { tensor } = learnRounding(weights, nearest, { products, centered: true, leastScale: () => 0 });
    for (const integer of Array.from(numbersOf(tensor))) expect(Math.abs(integer)).toBeLessThanOrEqual(7);
  });

  test("no scale falls below the least", () => {
    const nearest = quantizeWeights(weights, 0, { dtype: "i4", perTensor: false, leastScale: () => 0 });
    const leastScale = (channel: number) => nearest.quantization.scale[channel] * 0.99;
    const { quantization } = learnRounding(weights, nearest, { products, centered: true, leastScale });
    for (const [channel, scale] of quantization.scale.entries())
      expect(scale).toBeGreaterThanOrEqual(Math.fround(leastScale(channel)));
  });

  test("inputs that never vary leave weights rounded to the nearest", () => {
    const nearest = quantizeWeights(weights, 0, { dtype: "i8", perTensor: true, leastScale: () => 0 });
    const still = productsOf([new Float64Array(size)]);
    const { tensor } = learnRounding(weights, nearest, { products: still, centered: true, leastScale: () => 0 });
    expect(tensor.data).toEqual(nearest.tensor.data);
  });
});
