import { fromNumbers } from "@millrace/ir";
import { describe } from "vitest";
import { itGives, type OperatorCase } from "../operator-cases.testing.ts";
import { f32, i64, real } from "../program.testing.ts";

const cases: readonly OperatorCase[] = [
  ["aten.bitwise_or.Scalar", { self: i64([3], [-8, 6, 2 ** 40]) }, { other: 1 }, [[-7, 7, 2 ** 40 + 1]]],
  ["aten.bitwise_xor.Tensor", { self: i64([2], [-8, 5]), other: i64([2], [3, -1]) }, {}, [[-5, -6]]],
  ["aten.addcmul.default", { self: i64([], [1]), tensor1: i64([], [2]), tensor2: i64([], [3]) }, { value: 4 }, [[25]]],
  ["aten.hardtanh.default", { self: i64([2], [-3, 3]) }, { min_val: -2, max_val: real(1.5) }, [[-2, 1]]],
  ["aten.bitwise_and.Scalar", { self: fromNumbers("i32", [2], [6, 5]) }, { other: 3 }, [[2, 1]]],
  ["aten.remainder.Scalar", { self: f32([2], [5, -5]) }, { other: 3 }, [[2, 1]]],
  ["aten.fmod.Scalar", { self: f32([2], [5, -5]) }, { other: 3 }, [[2, -2]]],
];

describe("integers and remainders", () => itGives(cases));
