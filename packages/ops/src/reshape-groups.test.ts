import { fromNumbers, permute, reshapeTensor } from "@millrace/ir";
import fc from "fast-check";
import { expect, test } from "vitest";
import { reshapedOperand, reshapePermuted } from "./reshape-groups.ts";
import { transposeTensor } from "./transpose.ts";

const range = (count: number) => Array.from({ length: count }, (_, index) => index);

function check(before: number[], after: number[], permutation: number[]) {
  const moved = reshapePermuted(before, after, permutation);
  if (moved === undefined) return false;
  const count = before.reduce((a, b) => a * b, 1);
  const x = fromNumbers("f32", before, range(count));
  const expected = transposeTensor(reshapeTensor(x, after), moved.permutation);
  const actual = reshapeTensor(transposeTensor(x, permutation), moved.shape as number[]);
  expect([...actual.data]).toEqual([...expected.data]);
  expect(moved.shape).toEqual(permute(after, moved.permutation));
  return true;
}

test("merging rows and columns moves with the channels", () => {
  expect(check([2, 3, 4, 5], [2, 3, 20], [0, 2, 3, 1])).toBe(true);
  expect(reshapePermuted([2, 3, 4, 5], [2, 60], [0, 2, 3, 1])).toBeUndefined();
});

test("axes of size one never tear a group apart", () => {
  expect(check([2, 3, 1, 1], [2, 3], [0, 2, 3, 1])).toBe(true);
  expect(check([2, 6, 1, 1], [2, 2, 3], [0, 2, 3, 1])).toBe(true);
});

test("any reshape that can move gives the same elements", () => {
  const sizes = fc.array(fc.constantFrom(1, 2, 3, 4, 6), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(sizes, sizes, fc.infiniteStream(fc.nat(1000)), (before, after, keys) => {
      const product = (shape: number[]) => shape.reduce((a, b) => a * b, 1);
      fc.pre(product(before) === product(after));
      const permutation = range(before.length)
        .map((axis) => [keys.next().value as number, axis])
        .sort((a, b) => a[0] - b[0])
        .map(([, axis]) => axis);
      check(before, after, permutation);
    }),
    { numRuns: 2000 },
  );
});

test("what is broadcast to data follows their reshape where it has all or none of the axes that are merged or split", () => {
  expect(reshapedOperand([2, 1, 5], [2, 3, 4, 5], [6, 4, 5])).toBeUndefined();
  expect(reshapedOperand([2, 3, 1, 5], [2, 3, 4, 5], [6, 4, 5])).toEqual([6, 1, 5]);
  expect(reshapedOperand([1, 1, 4, 5], [2, 3, 4, 5], [6, 4, 5])).toEqual([1, 4, 5]);
  expect(reshapedOperand([4, 5], [2, 3, 4, 5], [6, 4, 5])).toEqual([4, 5]);
  expect(reshapedOperand([6, 1, 1], [6, 4, 5], [2, 3, 4, 5])).toEqual([2, 3, 1, 1]);
  expect(reshapedOperand([5], ["N", 5], ["N", 5])).toEqual([5]);
  expect(reshapedOperand([2, 1], [2, "N"], ["N", 2])).toBeUndefined();
});
