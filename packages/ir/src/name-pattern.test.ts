import { expect, test } from "vitest";
import { namePattern } from "./name-pattern.ts";

test.each([
  ["conv", "conv", true],
  ["conv", "conv1", false],
  ["conv*", "conv1", true],
  ["*conv", "first/conv", true],
  ["a*b*c", "a-b-b-c", true],
  ["a*b*c", "a-c", false],
  ["a*a", "a", false],
  ["*", "", true],
  ["**x**", "x", true],
  ["a.c", "abc", false],
])("%s on %s", (pattern, name, fits) => {
  expect(namePattern(pattern)(name)).toBe(fits);
});

test("a pattern of many stars takes no longer than name and pattern are long", () => {
  expect(namePattern(`${"*a".repeat(1000)}*b`)("a".repeat(100_000))).toBe(false);
});
