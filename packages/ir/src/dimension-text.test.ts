import fc from "fast-check";
import { expect, test } from "vitest";
import { addDimensions, type Dimension, divideDimensions, multiplyDimensions } from "./dimension.ts";
import { isSymbolicDimension } from "./dimension-text.ts";

test("every symbolic result of dimension arithmetic is canonical text", () => {
  const { size } = fc.letrec<{ size: Dimension }>((tie) => ({
    size: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom("N", "height", "a.b:c", "_1"),
      fc.integer({ min: -4, max: 9 }),
      fc.tuple(tie("size"), tie("size")).map(([a, b]) => addDimensions(a, b)),
      fc.tuple(tie("size"), tie("size")).map(([a, b]) => multiplyDimensions(a, b)),
      fc.tuple(tie("size"), fc.integer({ min: 1, max: 5 })).map(([a, b]) => divideDimensions(a, b)),
    ),
  }));
  fc.assert(
    fc.property(size, (dimension) => typeof dimension === "number" || isSymbolicDimension(dimension)),
    { numRuns: 500 },
  );
});

test.each([
  "",
  "3",
  "2 + N",
  "N+1",
  "N + ",
  "N*",
  "*N",
  "floor(N)",
  "floor(N/2",
  "floor((N/2)",
  "N N",
  "floor(/2)",
  "1N",
  "N + N",
  "é",
])("%j is no canonical text", (text) => {
  expect(isSymbolicDimension(text)).toBe(false);
});
