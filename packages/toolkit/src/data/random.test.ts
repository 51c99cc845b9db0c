import { describe, expect, it } from "vitest";
import { type RandomNumbers, randomDataset } from "./random.ts";

const image = { name: "image", shape: [1, 50, 50, 4], dtype: "f32" } as const;
const indices = { name: "indices", shape: [1, 8], dtype: "i64" } as const;

async function draw(numbers: Partial<RandomNumbers> = {}, sample = 0): Promise<Float32Array> {
  const data = randomDataset(3, { seed: 7, distribution: "uniform", minimum: -2, maximum: 6, ...numbers });
  const [feeds] = await data.feeds(sample, [image, indices]);
  expect(feeds.get("indices")).toMatchObject({ dtype: "i64", shape: [1, 8], data: new BigInt64Array(8) });
  return feeds.get("image")!.data as Float32Array;
}

function moments(values: Float32Array) {
  const mean = values.reduce((sum, each) => sum + each, 0) / values.length;
  const variance = values.reduce((sum, each) => sum + (each - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(variance), least: Math.min(...values), greatest: Math.max(...values) };
}

describe("random samples", () => {
  it("are the same for a seed, and other ones for another seed or sample", async () => {
    const first = await draw();
    expect(await draw()).toEqual(first);
    for (const other of [await draw({ seed: 8 }), await draw({}, 1)]) {
      const equal = first.filter((value, index) => value === other[index]);
      expect(equal.length).toBeLessThan(10);
    }
  });

  it("fill their range evenly, or by a normal distribution of six deviations", async () => {
    const even = moments(await draw());
    expect(even.mean).toBeCloseTo(2, 0);
    expect(even.deviation).toBeCloseTo(8 / Math.sqrt(12), 1);
    expect([even.least, even.greatest].map(Math.round)).toEqual([-2, 6]);
    const bell = moments(await draw({ distribution: "normal" }));
    expect(bell.mean).toBeCloseTo(2, 1);
    expect(bell.deviation).toBeCloseTo(8 / 6, 1);
    expect(bell.least).toBeGreaterThanOrEqual(-2);
    expect(bell.greatest).toBeLessThanOrEqual(6);
  });

  it("are known apart by their digest", async () => {
    const numbers = { seed: 7, distribution: "uniform", minimum: -2, maximum: 6 } as const;
    const digests = [
      randomDataset(3, numbers).digest([0, 1]),
      randomDataset(3, numbers).digest([0, 2]),
      randomDataset(3, { ...numbers, seed: 8 }).digest([0, 1]),
    ];
    expect(new Set(await Promise.all(digests)).size).toBe(3);
  });
});
