import { type OperatorCase, scalar, tensor, vector } from "../operator-case.ts";
import { bytes, every, most, moving, type Options } from "./moving-rows.ts";

const stridedRows: readonly (readonly [string, number[], number[], number[], number[], Options & object])[] = [
  ["ranges", [1, 0, 2], [3, 4, 5], [1, 2, 1], [2, 2, 3], { kind: "StridedSliceOptions" }],
  ["backwards", [3, -1, 4], [0, 0, 0], [-1, -2, -2], [3, 2, 2], { kind: "StridedSliceOptions" }],
  ["open ends", [1, 1, 1], [2, 2, 2], [1, 1, 2], [3, 3, 3], { kind: "StridedSliceOptions", beginMask: 4, endMask: 7 }],
  ["shrunk", [1, 0, -2], [2, 3, 9], [1, 1, 1], [3], { kind: "StridedSliceOptions", shrinkAxisMask: 5 }],
  ["new axis", [0, 1, 1], [0, 3, 4], [1, 1, 1], [1, 2, 3, 5], { kind: "StridedSliceOptions", newAxisMask: 1 }],
  ["ellipsis", [0, 1], [0, 3], [1, 1], [4, 5, 2], { kind: "StridedSliceOptions", ellipsisMask: 1 }],
  ["offset", [1, 0, 2], [2, 3, 3], [1, 1, 1], [2, 3, 3], { kind: "StridedSliceOptions", offset: true }],
  ["nothing left", [3, 0, 0], [1, 5, 5], [1, 1, 1], [0, 5, 5], { kind: "StridedSliceOptions" }],
];

const matrix = (values: readonly number[]) => vector(values, [values.length / 2, 2]);

/** Operators that move, cut, join and repeat elements. */
export const movingCases: readonly OperatorCase[] = [
  ...moving({ operator: "RESHAPE", from: [2, 3, 4], to: [6, 4], operands: [vector([-1, 4])], dtypes: every }),
  ...moving({ operator: "RESHAPE", label: "to a scalar", from: [1, 1], to: [], operands: [vector([], [0])] }),
  ...moving({ operator: "RESHAPE", label: "nothing", from: [0, 3], to: [3, 0], operands: [vector([3, 0])] }),
  ...moving({ operator: "SQUEEZE", from: [1, 3, 1, 2], to: [3, 2], options: { kind: "SqueezeOptions" } }),
  ...moving({
    operator: "SQUEEZE",
    label: "one axis",
    from: [1, 3, 1, 2],
    to: [1, 3, 2],
    options: { kind: "SqueezeOptions", squeezeDims: [-2] },
  }),
  ...moving({ operator: "EXPAND_DIMS", from: [3, 2], to: [3, 2, 1], operands: [scalar(-1)] }),
  ...moving({ operator: "TRANSPOSE", from: [2, 3], to: [3, 2], operands: [vector([1, 0])], dtypes: every }),
  ...moving({
    operator: "TRANSPOSE",
    from: [2, 3, 4, 5],
    to: [5, 3, 2, 4],
    operands: [vector([3, 1, 0, 2])],
    dtypes: every,
  }),
  ...moving({ operator: "TRANSPOSE", from: [2, 3, 1, 2, 4], to: [4, 2, 2, 3, 1], operands: [vector([4, 0, 3, 1, 2])] }),
  ...moving({
    operator: "TRANSPOSE",
    from: [2, 3, 1, 2, 4, 2],
    to: [2, 4, 2, 1, 3, 2],
    operands: [vector([5, 4, 3, 2, 1, 0])],
  }),
  ...[0, 1, -1].flatMap((axis) =>
    (["f32", "i8", "u8", "i16", "i32", "i64", "bool"] as const).map(
      (dtype): OperatorCase => ({
        operator: "CONCATENATION",
        name: `${dtype} axis ${axis}`,
        make(random) {
          const shapes = [2, 1, 3].map((size) => [2, 3, 2].with(axis, size));
          const y = tensor(random, dtype, [2, 3, 2].with(axis, 6));
          const inputs = shapes.map((shape) => (dtype === "u8" ? tensor(random, dtype, shape) : { ...y, shape }));
          return { inputs, outputs: [y], options: { kind: "ConcatenationOptions", axis } };
        },
      }),
    ),
  ),
  ...[0, 2, -1].flatMap((axis) =>
    most.map(
      (dtype): OperatorCase => ({
        operator: "PACK",
        name: `${dtype} axis ${axis}`,
        make(random) {
          const x = tensor(random, dtype, [2, 3]);
          const options = { kind: "PackOptions", axis, valuesCount: 3 } as const;
          return {
            inputs: [x, x, x],
            outputs: [{ ...x, shape: [2, 3].toSpliced(axis < 0 ? axis + 3 : axis, 0, 3) }],
            options,
          };
        },
      }),
    ),
  ),
  ...moving({
    operator: "UNPACK",
    from: [2, 3, 4],
    to: [
      [2, 4],
      [2, 4],
      [2, 4],
    ],
    options: { kind: "UnpackOptions", num: 3, axis: -2 },
    dtypes: every.filter((dtype) => dtype !== "i64" && dtype !== "bool"),
  }),
  ...moving({
    operator: "SPLIT",
    from: [2, 6],
    to: [
      [2, 2],
      [2, 2],
      [2, 2],
    ],
    before: [scalar(-1)],
    options: { kind: "SplitOptions", numSplits: 3 },
    dtypes: most.filter((dtype) => dtype !== "i64"),
  }),
  ...moving({
    operator: "SPLIT_V",
    from: [2, 6],
    to: [
      [2, 1],
      [2, 3],
      [2, 2],
    ],
    operands: [vector([1, -1, 2]), scalar(1)],
    options: { kind: "SplitVOptions", numSplits: 3 },
  }),
  ...moving({
    operator: "SLICE",
    from: [3, 4, 5],
    to: [2, 4, 3],
    operands: [vector([1, 0, 2]), vector([2, -1, 3])],
    dtypes: every,
  }),
  ...moving({
    operator: "SLICE",
    from: [3, 2, 2, 2, 5],
    to: [2, 2, 1, 2, 3],
    operands: [vector([1, 0, 1, 0, 2]), vector([2, -1, 1, 2, 3])],
  }),
  ...stridedRows.flatMap(([label, begin, end, steps, to, options]) =>
    moving({
      operator: "STRIDED_SLICE",
      label,
      from: [3, 4, 5]
        .with(0, label === "ellipsis" ? 4 : label === "open ends" ? 4 : 3)
        .with(1, label === "ellipsis" ? 5 : 4)
        .with(2, label === "ellipsis" ? 4 : label === "backwards" ? 5 : 5),
      to,
      operands: [begin, end, steps].map((values) => vector(values)),
      options,
      dtypes: every,
    }),
  ),
  ...moving({
    operator: "PAD",
    from: [2, 3],
    to: [4, 6],
    operands: [matrix([1, 1, 0, 3])],
    dtypes: ["f32", "i8", "u8", "i16", "i32", "i64"],
  }),
  ...moving({
    operator: "PAD",
    from: [2, 3, 1, 2],
    to: [4, 6, 1, 3],
    operands: [matrix([1, 1, 0, 3, 0, 0, 1, 0])],
    dtypes: ["f32", "i8", "u8", "i16"],
  }),
  ...moving({
    operator: "PAD",
    from: [2, 3, 1, 2, 2],
    to: [4, 6, 1, 3, 2],
    operands: [matrix([1, 1, 0, 3, 0, 0, 1, 0, 0, 0])],
    dtypes: ["f32", "i8"],
  }),
  ...most.map(
    (dtype): OperatorCase => ({
      operator: "PADV2",
      name: dtype,
      make(random) {
        const x = tensor(random, dtype, [2, 3, 2]);
        return {
          inputs: [x, matrix([1, 0, 0, 2, 1, 1]), { ...x, shape: [], constant: [3] }],
          outputs: [{ ...x, shape: [3, 5, 4] }],
        };
      },
    }),
  ),
  ...(["REFLECT", "SYMMETRIC"] as const).flatMap((mode) =>
    moving({
      operator: "MIRROR_PAD",
      label: mode,
      from: [3, 4],
      to: [5, 9],
      operands: [matrix([1, 1, 3, 2])],
      options: { kind: "MirrorPadOptions", mode },
      dtypes: ["f32", "i8", "u8", "i16", "i32", "i64"],
    }),
  ),
  ...moving({
    operator: "TILE",
    from: [2, 3],
    to: [4, 9],
    operands: [vector([2, 3])],
    dtypes: ["f32", "i8", "u8", "i32", "i64", "bool"],
  }),
  ...moving({ operator: "BROADCAST_TO", from: [3, 1], to: [2, 3, 4], operands: [vector([2, 3, 4])], version: 2 }),
  ...moving({
    operator: "BROADCAST_TO",
    from: [1, 2, 1, 2, 1, 2],
    to: [2, 2, 3, 2, 2, 2],
    operands: [vector([2, 2, 3, 2, 2, 2])],
    version: 2,
  }),
  ...moving({
    operator: "REVERSE_V2",
    from: [2, 3, 4],
    to: [2, 3, 4],
    operands: [vector([1])],
    dtypes: ["f32", "u8", "i16", "i32", "i64", "bool"],
  }),
  ...moving({
    operator: "SPACE_TO_DEPTH",
    from: [2, 4, 6, 3],
    to: [2, 2, 3, 12],
    options: { kind: "SpaceToDepthOptions", blockSize: 2 },
    dtypes: ["f32", "i8", "u8", "i32", "i64"],
  }),
  ...moving({
    operator: "DEPTH_TO_SPACE",
    from: [2, 2, 3, 12],
    to: [2, 4, 6, 3],
    options: { kind: "DepthToSpaceOptions", blockSize: 2 },
    dtypes: ["f32", "i8", "u8", "i32", "i64"],
  }),
  ...moving({
    operator: "SPACE_TO_BATCH_ND",
    from: [2, 3, 4, 2],
    to: [8, 2, 3, 2],
    operands: [vector([2, 2]), matrix([0, 1, 1, 1])],
    dtypes: [...bytes, "i16"],
  }),
  ...moving({
    operator: "SPACE_TO_BATCH_ND",
    from: [2, 4, 3],
    to: [4, 3, 3],
    operands: [vector([2]), matrix([1, 1])],
    dtypes: ["f32", "i8"],
  }),
  ...moving({
    operator: "BATCH_TO_SPACE_ND",
    from: [8, 2, 3, 2],
    to: [2, 3, 4, 2],
    operands: [vector([2, 2]), matrix([0, 1, 1, 1])],
    dtypes: [...bytes, "i16"],
  }),
  ...moving({
    operator: "BATCH_TO_SPACE_ND",
    from: [4, 3, 3],
    to: [2, 4, 3],
    operands: [vector([2]), matrix([1, 1])],
    dtypes: ["f32", "i8"],
  }),
];
