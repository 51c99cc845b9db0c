import type { Tensor } from "@millrace/ir";
import { expect, it } from "vitest";
import { computed } from "./program.testing.ts";

/** One node of an overload: tensors by argument name, its other arguments, and what PyTorch gives for each result, to four decimals. */
export type OperatorCase = readonly [
  target: string,
  tensors: Readonly<Record<string, Tensor>>,
  others: Parameters<typeof computed>[2],
  expected: readonly (readonly number[])[],
  results?: string | readonly string[],
];

/** A test for each case. */
export function itGives(cases: readonly OperatorCase[]): void {
  it.each(cases.map((each) => ({ target: each[0], each })))("$target gives what PyTorch gives", ({ each }) => {
    const [target, tensors, others, expected, results] = each;
    const actual = computed(target, tensors, others, results ?? "result");
    expect(actual.map((numbers) => numbers.map((number) => Math.round(number * 1e4) / 1e4 + 0))).toEqual(expected);
  });
}
