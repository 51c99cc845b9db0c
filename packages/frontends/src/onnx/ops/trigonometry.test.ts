import { describe, expect, it } from "vitest";
import { input, node, run } from "../model.testing.ts";

const points = [-80, -9, -1.5, -1, -0.3, -1e-3, -1e-6, 0, 1e-7, 2e-4, 0.5, 0.999, 1, 1.0001, 2, 100, 8193, 1e6, 1e30];

const cases = [
  ["Tan", Math.tan, (x: number) => Math.abs(x) < 1.4],
  ["Atan", Math.atan, () => true],
  ["Asin", Math.asin, (x: number) => Math.abs(x) <= 1],
  ["Acos", Math.acos, (x: number) => Math.abs(x) <= 1],
  ["Sinh", Math.sinh, (x: number) => Math.abs(x) <= 80],
  ["Cosh", Math.cosh, (x: number) => Math.abs(x) <= 80],
  ["Asinh", Math.asinh, () => true],
  ["Acosh", Math.acosh, (x: number) => x >= 1],
  ["Atanh", Math.atanh, (x: number) => Math.abs(x) < 1],
] as const;

describe.each(cases)("%s", (name, apply, isInside) => {
  it("keeps its digits from the smallest numbers to the largest", () => {
    const x = points.filter(isInside).map(Math.fround);
    const { values } = run({ inputs: [input("x", [x.length])], nodes: [node(`${name} x -> y`)], outputs: ["y"] }, x);
    for (const [index, value] of values.entries()) {
      const expected = apply(x[index]);
      expect(Math.abs(value - expected)).toBeLessThanOrEqual(1e-5 * Math.abs(expected));
    }
  });
});
