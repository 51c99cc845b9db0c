import { entryOf, fromNumbers, numbersOf } from "@millrace/ir";
import { quantizeBlocks, quantizeWeights } from "@millrace/passes";
import { describe, expect, test } from "vitest";
import { numberStream, randomTensor } from "../../../passes/src/testing.ts";
import type { IntegerConstant } from "../weighted-layer.ts";
import { compensateRounding } from "./compensate-rounding.ts";
import { InputProducts } from "./input-products.ts";
import { inputs, lossesOf, outputs, productsOf, rows, size, weights } from "./testing-layer.ts";

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

  test("in blocks, whose scales stay numbers that float16 and bfloat16 have", () => {
    const [depth, block] = [64, 32] as const;
    const next = numberStream(3);
    const wide = randomTensor([outputs, depth], next);
    const patches = Array.from({ length: rows }, () => {
      const hidden = Array.from({ length: 4 }, next);
      return Float64Array.from({ length: depth }, (_, at) => 0.1 * next() + hidden[at % 4]);
    });
    const products = new InputProducts(1, depth);
    products.add({ count: rows, read: (place, numbers) => numbers.set(patches[place]) });
    const nearest = quantizeBlocks(wide, block)!;
    const compensated = compensateRounding(wide, nearest, { products, centered: false, leastScale: () => 0 });
    const errorOf = ({ tensor, quantization }: typeof compensated) => {
      const [real, stored, entry] = [numbersOf(wide), numbersOf(tensor), entryOf([outputs, depth], quantization)];
      const changes = Array.from(real, (weight, at) => stored[at] * quantization.scale[entry(at)] - weight);
      return patches.reduce((sum, patch) => {
        const shifts = Array.from({ length: outputs }, (_, row) =>
          patch.reduce((total, x, at) => total + x * changes[row * depth + at], 0),
        );
        return sum + shifts.reduce((total, shift) => total + shift ** 2, 0);
      }, 0);
    };
    expect(errorOf(compensated)).toBeLessThan(errorOf(nearest) / 3);
    expect(compensated.quantization).toMatchObject({ axis: 1, block });
    for (const step of compensated.quantization.scale)
      for (const dtype of ["f16", "bf16"] as const) expect(numbersOf(fromNumbers(dtype, [], [step]))[0]).toBe(step);
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
