import { fromNumbers } from "@millrace/ir";
import { describe } from "vitest";
import { itGives, type OperatorCase } from "../operator-cases.testing.ts";
import { counting, f32, real } from "../program.testing.ts";

const self = f32([4], [-2, 0, 1, 3]);
const target = f32([4], [-1.5, 0, 3, 3]);
const truth = f32([2], [0, 1]);

const logits = f32([2, 2], [0, Math.log(3), Math.log(3), 0]);
const classes = fromNumbers("i64", [2], [1, 1]);

const cases: readonly OperatorCase[] = [
  ["aten.cross_entropy_loss.default", { self: logits, target: classes }, { reduction: 0 }, [[0.2877, 1.3863]]],
  ["aten.cross_entropy_loss.default", { self: logits, target: f32([2, 2], [0, 1, 0.5, 0.5]) }, {}, [[0.5623]]],
  [
    "aten.nll_loss_nd.default",
    { self: counting(2, 2), target: fromNumbers("i64", [2], [1, 0]), weight: f32([2], [2, 3]) },
    {},
    [[-1.4]],
  ],
  [
    "aten.nll_loss_nd.default",
    { self: f32([2], [3, 4]), target: fromNumbers("i64", [], [1]) },
    { reduction: 0 },
    [[-4]],
  ],
  [
    "aten.nll_loss.default",
    { self: counting(2, 2), target: fromNumbers("i64", [2], [1, 0]) },
    { ignore_index: 1, reduction: 2 },
    [[-2]],
  ],
  ["aten.mse_loss.default", { self, target }, {}, [[1.0625]]],
  ["aten.mse_loss.default", { self, target }, { reduction: 0 }, [[0.25, 0, 4, 0]]],
  ["aten.l1_loss.default", { self, target }, { reduction: 2 }, [[2.5]]],
  ["aten.smooth_l1_loss.default", { self, target }, { reduction: 0, beta: real(0.5) }, [[0.25, 0, 1.75, 0]]],
  ["aten.huber_loss.default", { self, target }, { reduction: 0, delta: real(0.5) }, [[0.125, 0, 0.875, 0]]],
  ["aten.binary_cross_entropy.default", { self: f32([2], [0.25, 1]), target: truth }, { reduction: 0 }, [[0.2877, 0]]],
  ["aten.binary_cross_entropy.default", { self: f32([2], [1, 0]), target: truth }, { reduction: 0 }, [[100, 100]]],
  [
    "aten.binary_cross_entropy_with_logits.default",
    { self: f32([2], [100, -1]), target: truth, pos_weight: f32([1], [2]) },
    { reduction: 0 },
    [[100, 2.6265]],
  ],
  ["aten.kl_div.default", { self: f32([2], [-1, -2]), target: truth }, { reduction: 0 }, [[0, 2]]],
  ["aten.kl_div.default", { self: f32([1], [-1]), target: f32([1], [0]) }, { reduction: 0, log_target: true }, [[1]]],
  ["aten.soft_margin_loss.default", { self: f32([1], [2]), target: f32([1], [-1]) }, {}, [[2.1269]]],
  [
    "aten.margin_ranking_loss.default",
    { input1: f32([2], [1, 2]), input2: f32([2], [2, 1]), target: f32([2], [1, 1]) },
    { margin: real(0.5), reduction: 0 },
    [[1.5, 0]],
  ],
  [
    "aten.triplet_margin_loss.default",
    { anchor: f32([1, 1], [0]), positive: f32([1, 1], [2]), negative: f32([1, 1], [3]) },
    { eps: real(0), swap: true },
    [[2]],
  ],
];

describe("losses", () => itGives(cases));
