import { describe } from "vitest";
import { itGives, type OperatorCase } from "../operator-cases.testing.ts";
import { counting, f32, i64 } from "../program.testing.ts";

const a = f32([3], [1, 2, 3]);
const exact = 2 ** 40 + 1;

const cases: readonly OperatorCase[] = [
  [
    "aten.tensordot.default",
    { self: counting(2, 3), other: counting(3, 2) },
    { dims_self: [1, 0], dims_other: [0, 1] },
    [[0 + 1 * 2 + 2 * 4 + 3 * 1 + 4 * 3 + 5 * 5]],
  ],
  [
    "aten.tensordot.default",
    { self: counting(2, 2), other: a },
    { dims_self: [], dims_other: [] },
    [[0, 0, 0, 1, 2, 3, 2, 4, 6, 3, 6, 9]],
  ],
  ["aten.inner.default", { self: counting(2, 2), other: counting(1, 2) }, {}, [[1, 3]]],
  ["aten.inner.default", { self: a, other: f32([], [2]) }, {}, [[2, 4, 6]]],
  ["aten.kron.default", { self: counting(2, 2), other: f32([2], [1, 10]) }, {}, [[0, 0, 1, 10, 2, 20, 3, 30]]],
  ["aten.cross.default", { self: a, other: f32([3], [4, 5, 7]) }, {}, [[-1, 5, -3]]],
  [
    "aten.linalg_cross.default",
    { self: f32([1, 3], [1, 2, 3]), other: f32([2, 3], [4, 5, 7, 1, 2, 3]) },
    {},
    [[-1, 5, -3, 0, 0, 0]],
  ],
  ["aten.matmul.default", { self: i64([1, 2], [exact, 1]), other: i64([2, 1], [3, 1]) }, {}, [[3 * exact + 1]]],
  [
    "aten.addmm.default",
    { self: i64([1], [5]), mat1: i64([1, 2], [1, 2]), mat2: i64([2, 1], [3, 4]) },
    { alpha: 2 },
    [[27]],
  ],
];

describe("products of tensors", () => itGives(cases));
