import { describe } from "vitest";
import { itGives, type OperatorCase } from "../operator-cases.testing.ts";
import { counting, f32, i64 } from "../program.testing.ts";

const line = f32([2], [1, Number.POSITIVE_INFINITY]);
const infinity = Number.POSITIVE_INFINITY;

const cases: readonly OperatorCase[] = [
  ["aten.diag_embed.default", { self: line }, {}, [[1, 0, 0, infinity]]],
  ["aten.diag_embed.default", { self: line }, { offset: -1 }, [[0, 0, 0, 1, 0, 0, 0, infinity, 0]]],
  ["aten.diag_embed.default", { self: counting(2, 2) }, { dim1: 0, dim2: 2 }, [[0, 0, 2, 0, 0, 1, 0, 3]]],
  ["aten.diag.default", { self: i64([1], [4]) }, { diagonal: 1 }, [[0, 4, 0, 0]]],
  ["aten.diag.default", { self: counting(2, 3) }, { diagonal: 1 }, [[1, 5]]],
  ["aten.diagflat.default", { self: f32([], [3]) }, {}, [[3]]],
  ["aten.trace.default", { self: counting(2, 3) }, {}, [[4]]],
];

describe("diagonals", () => itGives(cases));

describe("elements by places along an axis", () =>
  itGives([
    ["aten.take_along_dim.default", { self: counting(2, 2), indices: i64([2], [3, 0]) }, {}, [[3, 0]]],
    ["aten.take_along_dim.default", { self: counting(2, 2), indices: i64([1, 2], [1, 0]) }, { dim: 1 }, [[1, 0, 3, 2]]],
  ]));
