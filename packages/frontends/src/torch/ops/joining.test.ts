import { describe } from "vitest";
import { itGives, type OperatorCase } from "../operator-cases.testing.ts";
import { f32, i64, t } from "../program.testing.ts";

const cases: readonly OperatorCase[] = [
  [
    "aten.bucketize.Tensor",
    { self: f32([4], [0, 1, 1.5, 9]), boundaries: f32([3], [1, 2, 3]) },
    { right: true },
    [[0, 1, 1, 3]],
  ],
  [
    "aten.searchsorted.Tensor",
    { sorted_sequence: i64([2, 2], [1, 2, 5, 6]), self: i64([2, 1], [2, 2]) },
    { side: null },
    [[1, 0]],
  ],
  ["aten.hstack.default", { a: f32([1], [1]), b: f32([], [2]) }, { tensors: [t("a"), t("b")] }, [[1, 2]]],
  [
    "aten.vstack.default",
    { a: f32([2], [1, 2]), b: f32([1, 2], [3, 4]) },
    { tensors: [t("a"), t("b")] },
    [[1, 2, 3, 4]],
  ],
  ["aten.dstack.default", { a: f32([2], [1, 2]), b: f32([2], [3, 4]) }, { tensors: [t("a"), t("b")] }, [[1, 3, 2, 4]]],
  [
    "aten.column_stack.default",
    { a: f32([2], [1, 2]), b: f32([2], [3, 4]) },
    { tensors: [t("a"), t("b")] },
    [[1, 3, 2, 4]],
  ],
  ["aten.fliplr.default", { self: f32([1, 2], [1, 2]) }, {}, [[2, 1]]],
];

describe("tensors beside each other, and places in sorted ones", () => itGives(cases));
