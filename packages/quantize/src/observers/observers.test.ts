import { describe, expect, test } from "vitest";
import { rangeOf } from "../range.ts";
import { Histogram } from "./histogram.ts";
import { type CalibrationMethod, observers } from "./observers.ts";
import { squaredError } from "./search.ts";

/** Numbers of a normal distribution, the same in every run. */
function normal(count: number, deviation = 1): Float32Array {
  let state = 12345;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return Float32Array.from(
    { length: count },
    () => deviation * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
}

function rangeBy(method: CalibrationMethod, tensors: readonly Float32Array[]) {
  const observer = observers[method].create({});
  for (const values of tensors) observer.observe(rangeOf(values), values);
  return observer.range();
}

describe("a histogram", () => {
  test("counts everything finite in bounded memory, whatever the order of sizes", () => {
    const histogram = new Histogram();
    const parts = [normal(1000, 1e-6), normal(1000), normal(1000, 1e6), Float32Array.of(Number.NaN, 5, Infinity)];
    for (const values of parts) histogram.add(values, rangeOf(values));
    const { counts } = histogram.bins;
    expect(counts.length).toBeLessThanOrEqual(4096);
    expect(counts.reduce((a, b) => a + b)).toBe(3001);
  });

  test("has the counts of its final bins as if they had been there from the start", () => {
    const values = normal(5000);
    const [grown, whole] = [new Histogram(), new Histogram()];
    for (let at = 0; at < values.length; at += 10) {
      const part = values.subarray(at, at + 10);
      grown.add(part, rangeOf(part));
    }
    whole.add(values, rangeOf(values));
    expect(grown.width).toBe(whole.width);
    expect(grown.bins).toEqual(whole.bins);
  });
});

describe("ways to choose a range", () => {
  test("min/max takes all, average the middle of the samples' ends", () => {
    const samples = [Float32Array.of(-1, 3), Float32Array.of(-3, 5)];
    expect(rangeBy("minmax", samples)).toEqual({ minimum: -3, maximum: 5 });
    expect(rangeBy("average", samples)).toEqual({ minimum: -2, maximum: 4 });
  });

  test("percentile leaves the outermost numbers out", () => {
    const values = Float32Array.from({ length: 100_000 }, (_, index) => index / 1000);
    values[5] = 1e3;
    const { minimum, maximum } = rangeOfPercentile(values, 98);
    expect(minimum).toBeCloseTo(1, 0);
    expect(maximum).toBeCloseTo(99, 0);
  });

  test("mse finds the least squared error of all ranges about zero", () => {
    const values = normal(100_000);
    values[0] = 40;
    const found = rangeBy("mse", [values])!;
    const histogram = new Histogram();
    histogram.add(values, rangeOf(values));
    const loss = squaredError(histogram, found, 255);
    for (const maximum of [2, 3, 3.5, 4, 4.5, 5, 6, 10, 40])
      for (const minimum of [-2, -3, -3.5, -4, -5]) {
        expect(loss).toBeLessThanOrEqual(squaredError(histogram, { minimum, maximum }, 255) * 1.02);
      }
  });

  test("zeros, which a rectifier makes in great number, narrow no range", () => {
    const rectified = normal(20_000).map((value) => Math.max(0, value));
    const sparse = new Float32Array(200_000);
    sparse.set(rectified);
    for (const method of ["percentile", "entropy", "mse"] as const) {
      const range = rangeBy(method, [sparse])!;
      expect(range).toEqual(rangeBy(method, [rectified]));
      expect(range.maximum).toBeGreaterThan(2.5);
    }
    expect(rangeBy("entropy", [new Float32Array(10)])).toEqual({ minimum: 0, maximum: 0 });
  });

  test("entropy cuts an outlier off, and nothing of an even distribution", () => {
    const values = normal(100_000);
    values[0] = 100;
    expect(rangeBy("entropy", [values])!.maximum).toBeLessThan(30);
    const even = Float32Array.from({ length: 65_536 }, (_, index) => index / 65_536);
    expect(rangeBy("entropy", [even])!.maximum).toBeGreaterThan(0.9);
  });

  test.each(Object.keys(observers) as CalibrationMethod[])("%s keeps zero and a constant", (method) => {
    expect(rangeBy(method, [])).toBeUndefined();
    expect(rangeBy(method, [new Float32Array(10)])).toEqual({ minimum: 0, maximum: 0 });
    const { maximum } = rangeBy(method, [new Float32Array(10).fill(3)])!;
    expect(maximum).toBeCloseTo(3, 1);
  });
});

function rangeOfPercentile(values: Float32Array, percentile: number) {
  const observer = observers.percentile.create({ percentile });
  observer.observe(rangeOf(values), values);
  return observer.range()!;
}
