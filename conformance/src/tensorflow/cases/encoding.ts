import type { DType } from "@millrace/ir";
import { type OperatorCase, plain, scalar, tensor, vector } from "../operator-case.ts";

const types = ["f32", "i32", "i64"] as const satisfies readonly DType[];

const oneHot = types.flatMap((dtype) =>
  [0, 1, -1].map(
    (axis): OperatorCase => ({
      operator: "ONE_HOT",
      name: `${dtype} axis ${axis}`,
      make: () => ({
        inputs: [
          plain("i32", [2, 3], { range: [-1, 5] }),
          scalar(4),
          plain(dtype, [], { constant: [7] }),
          plain(dtype, [], { constant: [-2] }),
        ],
        outputs: [plain(dtype, [2, 3].toSpliced(axis < 0 ? 2 : axis, 0, 4))],
        options: { kind: "OneHotOptions", axis },
      }),
    }),
  ),
);

const diagonals = [...types, "i8" as const].flatMap((dtype): OperatorCase[] => [
  {
    operator: "MATRIX_DIAG",
    name: dtype,
    make(random) {
      const x = tensor(random, dtype, [2, 4]);
      return { inputs: [x], outputs: [{ ...x, shape: [2, 4, 4] }] };
    },
  },
  ...[
    [2, 3, 3],
    [2, 4, 3],
    [2, 3, 4],
  ].map(
    (shape): OperatorCase => ({
      operator: "MATRIX_SET_DIAG",
      name: `${dtype} [${shape}]`,
      make(random) {
        const x = tensor(random, dtype, shape);
        return { inputs: [x, { ...x, shape: [2, 3] }], outputs: [x] };
      },
    }),
  ),
]);

const reversed = types.flatMap((dtype) =>
  (
    [
      [1, 0],
      [0, 1],
      [2, 1],
      [0, 2],
    ] as const
  ).map(
    ([seqDim, batchDim]): OperatorCase => ({
      operator: "REVERSE_SEQUENCE",
      name: `${dtype} along ${seqDim}, batch ${batchDim}`,
      make: (random) => {
        const x = plain(dtype, [3, 4, 5]);
        const lengths = Array.from({ length: x.shape[batchDim] }, () => random.integer(0, x.shape[seqDim]));
        return {
          inputs: [x, vector(lengths)],
          outputs: [x],
          options: { kind: "ReverseSequenceOptions", seqDim, batchDim },
        };
      },
    }),
  ),
);

const sums = (["f32", "i32"] as const).flatMap((dtype): OperatorCase[] => [
  {
    operator: "SEGMENT_SUM",
    name: dtype,
    make: () => ({ inputs: [plain(dtype, [5, 3]), vector([0, 0, 1, 2, 2])], outputs: [plain(dtype, [3, 3])] }),
  },
  {
    operator: "UNSORTED_SEGMENT_SUM",
    name: dtype,
    make: () => ({
      inputs: [plain(dtype, [5, 3]), plain("i32", [5], { range: [0, 3] }), vector([4])],
      outputs: [plain(dtype, [4, 3])],
    }),
  },
]);

/** Operators that turn indices into tables and back. */
export const encodingCases: readonly OperatorCase[] = [
  ...oneHot,
  ...diagonals,
  ...reversed,
  ...sums,
  ...types.map(
    (dtype): OperatorCase => ({
      operator: "BUCKETIZE",
      name: dtype,
      make: () => ({
        inputs: [plain(dtype, [3, 7])],
        outputs: [plain("i32", [3, 7])],
        options: { kind: "BucketizeOptions", boundaries: [-3, 0, 2, 3] },
      }),
    }),
  ),
  ...types.map(
    (dtype): OperatorCase => ({
      operator: "SPARSE_TO_DENSE",
      name: dtype,
      make: () => ({
        inputs: [
          vector([0, 1, 1, 0, 2, 3], [3, 2]),
          vector([3, 4]),
          plain(dtype, [3]),
          plain(dtype, [], { constant: [0] }),
        ],
        outputs: [plain(dtype, [3, 4])],
        options: { kind: "SparseToDenseOptions", validateIndices: false },
      }),
    }),
  ),
];
