import { describe } from "vitest";
import { itGives, type OperatorCase } from "../operator-cases.testing.ts";
import { f32, i64 } from "../program.testing.ts";

const bags = {
  weight: f32([3, 2], [1, 2, 3, 5, -7, 8]),
  indices: i64([4], [0, 1, 2, 1]),
  offsets: i64([3], [0, 3, 3]),
};
const others = { scale_grad_by_freq: false, sparse: false, per_sample_weights: null, include_last_offset: false };

const cases: readonly OperatorCase[] = [
  ["aten.embedding_bag.default", bags, {}, [[-3, 15, 0, 0, 3, 5]]],
  ["aten.embedding_bag.default", bags, { mode: 1 }, [[-1, 5, 0, 0, 3, 5]]],
  ["aten._embedding_bag.default", bags, { mode: 2 }, [[3, 8, 0, 0, 3, 5]]],
  ["aten.embedding_bag.default", bags, { include_last_offset: true }, [[-3, 15, 0, 0]]],
  [
    "aten.embedding_bag.default",
    { ...bags, per_sample_weights: f32([4], [1, 0, 2, 10]) },
    {},
    [[-13, 18, 0, 0, 30, 50]],
  ],
  ["aten.embedding_bag.padding_idx", bags, { ...others, mode: 1, padding_idx: -1 }, [[2, 3.5, 0, 0, 3, 5]]],
  ["aten._embedding_bag_forward_only.default", bags, { padding_idx: 1 }, [[-6, 10, 0, 0, 0, 0]]],
];

describe("bags of embeddings", () => itGives(cases));
