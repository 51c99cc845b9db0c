import { type OperatorCase, plain, type Shape, tensor, vector } from "../operator-case.ts";
import { every, most, moving } from "./moving-rows.ts";

const gathers: readonly (readonly [string, Shape, Shape, number, number, Shape])[] = [
  ["rows", [5, 3], [4], 0, 0, [4, 3]],
  ["last axis", [2, 3, 5], [2, 2], -1, 0, [2, 3, 2, 2]],
  ["a scalar", [5, 3], [], 0, 0, [3]],
  ["in batches", [2, 5, 3], [2, 4], 1, 1, [2, 4, 3]],
  ["in batches, a later axis", [2, 3, 5], [2, 4], 2, 1, [2, 3, 4]],
  ["in two batches", [2, 2, 5, 3], [2, 2, 4], 2, 2, [2, 2, 4, 3]],
];

const gatherCases = gathers.flatMap(([label, from, shape, axis, batchDims, to]) =>
  (["i32", "i64"] as const).flatMap((index) =>
    moving({
      operator: "GATHER",
      label: `${label}, ${index}`,
      from,
      to,
      operands: [plain(index, shape, { range: [0, from.at(axis)! - 1] })],
      options: { kind: "GatherOptions", axis, batchDims },
      dtypes: every,
    }),
  ),
);

/** Operators that pick elements by indices or conditions, and put them in places. */
export const pickingCases: readonly OperatorCase[] = [
  ...gatherCases,
  ...moving({
    operator: "GATHER_ND",
    from: [3, 4, 2],
    to: [5, 2],
    operands: [plain("i32", [5, 2], { range: [0, 2] })],
    dtypes: most,
  }),
  ...moving({
    operator: "GATHER_ND",
    label: "i64",
    from: [3, 4],
    to: [2, 2],
    operands: [plain("i64", [2, 2, 2], { range: [0, 2] })],
    dtypes: most,
  }),
  ...(["f32", "i8", "i32", "i64"] as const).flatMap((dtype) =>
    (
      [
        [
          [3, 1],
          [3, 2],
          [6, 2],
        ],
        [
          [2, 2, 2],
          [2, 2],
          [4, 3],
        ],
      ] as const
    ).map(
      ([indices, updates, shape]): OperatorCase => ({
        operator: "SCATTER_ND",
        name: `${dtype} [${updates}] to [${shape}]`,
        make: () => ({
          inputs: [plain("i32", indices, { range: [0, 2] }), plain(dtype, updates, { range: [-9, 9] }), vector(shape)],
          outputs: [plain(dtype, shape)],
        }),
      }),
    ),
  ),
  ...(["f32", "i8", "i32", "i64", "bool"] as const).map(
    (dtype): OperatorCase => ({
      operator: "DYNAMIC_UPDATE_SLICE",
      name: dtype,
      make(random) {
        const x = tensor(random, dtype, [4, 5, 3]);
        return { inputs: [x, { ...x, shape: [2, 3, 3] }, plain("i32", [3], { range: [-1, 4] })], outputs: [x] };
      },
    }),
  ),
  ...moving({
    operator: "EMBEDDING_LOOKUP",
    from: [5, 3],
    to: [4, 3],
    before: [plain("i32", [4], { range: [0, 4] })],
    dtypes: ["f32", "i8", "u8"],
  }),
  ...["SELECT", "SELECT_V2"].flatMap((operator) =>
    every.map(
      (dtype): OperatorCase => ({
        operator: operator as "SELECT",
        name: dtype,
        make(random) {
          const x = tensor(random, dtype, [2, 3, 4]);
          return { inputs: [plain("bool", x.shape), x, x], outputs: [x] };
        },
      }),
    ),
  ),
  ...most.map(
    (dtype): OperatorCase => ({
      operator: "SELECT_V2",
      name: `${dtype} broadcast`,
      make(random) {
        const x = tensor(random, dtype, [1, 3, 1]);
        return { inputs: [plain("bool", [2, 1, 4]), x, { ...x, shape: [] }], outputs: [{ ...x, shape: [2, 3, 4] }] };
      },
    }),
  ),
  ...most.map(
    (dtype): OperatorCase => ({
      operator: "SELECT",
      name: `${dtype} by rows`,
      make(random) {
        const x = tensor(random, dtype, [4, 3]);
        return { inputs: [plain("bool", [4]), x, x], outputs: [x] };
      },
    }),
  ),
  ...every
    .filter((dtype) => dtype !== "u8")
    .map(
      (dtype): OperatorCase => ({
        operator: "FILL",
        name: dtype,
        make(random) {
          const x = tensor(random, dtype, []);
          return { inputs: [vector([2, 3]), x], outputs: [{ ...x, shape: [2, 3] }] };
        },
      }),
    ),
];
