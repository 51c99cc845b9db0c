import { describe } from "vitest";
import { itGives, type OperatorCase } from "../operator-cases.testing.ts";
import { counting, f32, real } from "../program.testing.ts";

const cases: readonly OperatorCase[] = [
  [
    "aten.addr.default",
    { self: f32([1], [1]), vec1: f32([2], [1, 2]), vec2: f32([2], [3, 4]) },
    { alpha: 2 },
    [[7, 9, 13, 17]],
  ],
  ["aten.addbmm.default", { self: f32([1], [1]), batch1: counting(2, 1, 2), batch2: counting(2, 2, 1) }, {}, [[15]]],
  [
    "aten._trilinear.default",
    { i1: f32([1, 2], [1, 2]), i2: f32([1, 2, 1], [3, 4]), i3: f32([1, 1], [5]) },
    { expand1: [1, 3], expand2: [0], expand3: [1, 2], sumdim: [2, 3] },
    [[55]],
  ],
  ["aten.cdist.default", { x1: f32([2, 1, 1, 1], [0, 1]), x2: f32([1, 2, 1], [3, 5]) }, { p: real(0) }, [[1, 1, 1, 1]]],
  [
    "aten._pdist_forward.default",
    { self: f32([3, 1], [0, 1, 3]) },
    { p: { kind: "float", value: Infinity } },
    [[1, 3, 2]],
  ],
  ["aten.pairwise_distance.default", { x1: f32([2], [3, 4]), x2: f32([2], [0, 0]) }, { eps: real(0) }, [[5]]],
  ["aten.cdist.default", { x1: f32([1, 2], [0, 0]), x2: f32([2, 2], [3, 4, 0, 1]) }, {}, [[5, 1]]],
  ["aten._weight_norm.default", { v: f32([2, 2], [3, 4, 0, 2]), g: f32([2, 1], [5, 1]) }, {}, [[3, 4, 0, 1]]],
  ["aten._weight_norm.default", { v: f32([2, 2], [3, 0, 4, 2]), g: f32([1, 2], [5, 1]) }, { dim: 1 }, [[3, 0, 4, 1]]],
  ["aten._weight_norm.default", { v: f32([2, 1], [3, 4]), g: f32([], [10]) }, { dim: -1 }, [[6, 8]]],
  [
    "aten.scaled_dot_product_attention.default",
    { query: f32([1, 1, 2, 1], [0, 0]), key: f32([1, 1, 2, 1], [1, 2]), value: f32([1, 1, 2, 1], [2, 4]) },
    { is_causal: true },
    [[2, 3]],
  ],
];

describe("products, weights of a norm and distances", () => itGives(cases));
