import { describe } from "vitest";
import { itGives, type OperatorCase } from "../operator-cases.testing.ts";
import { f32, i64, real } from "../program.testing.ts";

const pairs = f32([2, 4], [3, 1, 2, 4, 1, Number.NaN, 0, 2]);
const number = f32([], [5]);
const both = ["values", "places"];

const cases: readonly OperatorCase[] = [
  ["aten.median.default", { self: i64([4], [3, 1, 2, 4]) }, {}, [[2]]],
  ["aten.median.dim", { self: pairs }, { dim: 1 }, [[2, Number.NaN]], ["values"]],
  ["aten.median.dim", { self: f32([1, 3], [3, 1, 2]) }, { dim: 1, keepdim: true }, [[2], [2]], both],
  ["aten.kthvalue.default", { self: f32([3], [3, 1, 2]) }, { k: 3 }, [[3], [0]], both],
  ["aten.sort.default", { self: number }, {}, [[5], [0]], both],
  ["aten.topk.default", { self: number }, { k: 1 }, [[5], [0]], both],
  ["aten.argsort.default", { self: f32([3], [3, 1, 2]) }, { dim: 0 }, [[1, 2, 0]]],
  ["aten.argsort.default", { self: number }, { dim: -1 }, [[0]]],
  ["aten.max.dim", { self: number }, { dim: 0, keepdim: true }, [[5], [0]], both],
  ["aten.argmin.default", { self: number }, { dim: 0 }, [[0]]],
  ["aten.argmax.default", { self: f32([2, 2], [1, 2, 4, 3]) }, { keepdim: true }, [[2]]],
];

describe("operators that put elements in order", () => itGives(cases));

const infinite = f32([4], [Number.POSITIVE_INFINITY, 1, Number.NaN, 2]);
const near = f32([4], [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.NaN, 2.1]);

describe("closeness", () =>
  itGives([
    ["aten.isclose.default", { self: infinite, other: near }, { rtol: real(0) }, [[1, 0, 0, 0]]],
    ["aten.isclose.default", { self: infinite, other: near }, { atol: real(0.2), equal_nan: true }, [[1, 0, 1, 1]]],
  ]));
