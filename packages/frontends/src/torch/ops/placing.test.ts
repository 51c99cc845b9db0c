import { fromNumbers } from "@millrace/ir";
import { describe, expect, it } from "vitest";
import { itGives, type OperatorCase } from "../operator-cases.testing.ts";
import { counting, f32, i64, problemsOf, program, t } from "../program.testing.ts";

const self = f32([3], [10, 20, 30]);
const index = i64([3], [0, 0, 2]);
const src = f32([3], [1, 5, 3]);
const without = { dim: 0, include_self: false };
const mask = fromNumbers("bool", [3], [1, 0, 1]);
const rows = counting(3, 2);

const cases: readonly OperatorCase[] = [
  ["aten.scatter_reduce.two", { self, index, src }, { ...without, reduce: "sum" }, [[6, 20, 3]]],
  ["aten.scatter_reduce.two", { self, index, src }, { ...without, reduce: "prod" }, [[5, 20, 3]]],
  ["aten.scatter_reduce.two", { self, index, src }, { ...without, reduce: "amax" }, [[5, 20, 3]]],
  ["aten.scatter_reduce.two", { self, index, src }, { ...without, reduce: "mean" }, [[3, 20, 3]]],
  ["aten.scatter_reduce.two", { self, index, src }, { dim: 0, reduce: "mean" }, [[5.3333, 20, 16.5]]],
  [
    "aten.scatter_reduce.two",
    { self: i64([3], [1, 2, 3]), index, src: i64([3], [7, 9, 5]) },
    { ...without, reduce: "amin" },
    [[7, 2, 5]],
  ],
  ["aten.scatter_add.default", { self: f32([], [1]), index: i64([], [0]), src: f32([], [2]) }, { dim: 0 }, [[3]]],
  ["aten.index_fill.int_Scalar", { self: rows, index: i64([1], [1]) }, { dim: 1, value: 9 }, [[0, 9, 2, 9, 4, 9]]],
  ["aten.index_fill.int_Tensor", { self: f32([], [1]), index: i64([], [0]), value: f32([], [4]) }, { dim: 0 }, [[4]]],
  [
    "aten.index_put.default",
    { self: rows, mask, values: counting(2, 2) },
    { indices: [t("mask")] },
    [[0, 1, 2, 3, 2, 3]],
  ],
  [
    "aten.index_put.default",
    { self: rows, mask, values: counting(2, 2) },
    { indices: [t("mask")], accumulate: true },
    [[0, 2, 2, 3, 6, 8]],
  ],
  [
    "aten.index_put.default",
    { self: rows, mask, values: f32([1, 2], [10, 20]) },
    { indices: [t("mask")], accumulate: true },
    [[10, 21, 2, 3, 14, 25]],
  ],
  ["aten.masked_scatter.default", { self: f32([1], [7]), mask, source: src }, {}, [[1, 7, 5]]],
  [
    "aten.max_unpool2d.default",
    { self: f32([1, 1, 2], [5, 6]), indices: i64([1, 1, 2], [3, 0]) },
    { output_size: [2, 2] },
    [[6, 0, 0, 5]],
  ],
];

describe("operators that place elements", () => itGives(cases));

describe("a reduction that there is none of", () => {
  it("is refused, whatever it is called", () => {
    const model = program({
      inputs: { self: [3], src: [3] },
      parameters: { index },
      nodes: [
        [
          "y",
          "aten.scatter_reduce.two",
          { self: t("self"), dim: 0, index: t("index"), src: t("src"), reduce: "constructor" },
        ],
      ],
      outputs: ["y"],
    });
    expect(problemsOf(model)[0].message).toContain("its reduce is constructor");
  });
});
