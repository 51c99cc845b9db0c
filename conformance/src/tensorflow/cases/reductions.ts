import type { BuiltinOperatorName } from "@millrace/formats/tflite";
import { type DType, perTensor } from "@millrace/ir";
import { type OperatorCase, plain, type Shape, scalar, tensor, vector } from "../operator-case.ts";

const axesCases: readonly (readonly number[])[] = [[0], [1, 2], [-1], [1, 3], [0, 1, 2, 3], [2, 0], []];

function reduced(shape: Shape, axes: readonly number[], keepDims: boolean): Shape {
  const dropped = axes.map((axis) => (axis < 0 ? axis + shape.length : axis));
  return keepDims
    ? shape.map((size, axis) => (dropped.includes(axis) ? 1 : size))
    : shape.filter((_, axis) => !dropped.includes(axis));
}

function reduction(
  operator: BuiltinOperatorName,
  dtypes: readonly DType[],
  {
    same = false,
    range,
    axes = axesCases,
    ...rest
  }: { same?: boolean; range?: readonly [number, number]; axes?: typeof axesCases } & Partial<OperatorCase> = {},
): OperatorCase[] {
  return dtypes.flatMap((dtype) =>
    axes.flatMap((list) =>
      [true, false].map(
        (keepDims): OperatorCase => ({
          operator,
          name: `${dtype} over [${list}]${keepDims ? ", kept" : ""}`,
          tolerance: 1e-5,
          ...rest,
          make(random) {
            const x = tensor(
              random,
              dtype,
              [2, 3, 4, 3],
              range && dtype !== "i8" && dtype !== "i16" && dtype !== "u8" ? { range } : {},
            );
            const shape = reduced(x.shape, list, keepDims);
            const y = same ? { ...x, shape } : tensor(random, dtype, shape);
            return { inputs: [x, vector(list)], outputs: [y], options: { kind: "ReducerOptions", keepDims } };
          },
        }),
      ),
    ),
  );
}

function argument(operator: "ARG_MAX" | "ARG_MIN"): OperatorCase[] {
  const kind = operator === "ARG_MAX" ? "ArgMaxOptions" : "ArgMinOptions";
  return (["f32", "i8", "u8", "i32", "bool"] as const).flatMap((dtype) =>
    [0, 1, -1].flatMap((axis) =>
      (["i32", "i64"] as const).map(
        (to): OperatorCase => ({
          operator,
          name: `${dtype} axis ${axis} to ${to}`,
          make(random) {
            const x = tensor(random, dtype, [2, 3, 5]);
            const options = { kind, outputType: to === "i32" ? "INT32" : "INT64" } as const;
            return { inputs: [x, scalar(axis)], outputs: [plain(to, reduced(x.shape, [axis], false))], options };
          },
        }),
      ),
    ),
  );
}

/** A function of each row, with parameters that the operator prescribes for its result. */
function rows(
  operator: BuiltinOperatorName,
  dtypes: readonly (readonly [DType, DType, (readonly [number, number])?])[],
  rest: Partial<OperatorCase> & { options?: ReturnType<OperatorCase["make"]>["options"] } = {},
): OperatorCase[] {
  const { options, ...others } = rest;
  return dtypes.flatMap(([from, to, steps]) =>
    (
      [
        [3, 11],
        [2, 3, 4, 5],
        [1, 1],
      ] as const
    ).map(
      (shape): OperatorCase => ({
        operator,
        name: `${from} to ${to} [${shape}]`,
        tolerance: 1e-5,
        ...others,
        make: (random) => ({
          inputs: [tensor(random, from, shape)],
          outputs: [plain(to, shape, steps && { quantization: perTensor(...steps) })],
          options,
        }),
      }),
    ),
  );
}

const softmax = (beta: number) =>
  rows(
    "SOFTMAX",
    [
      ["f32", "f32"],
      ["i8", "i8", [1 / 256, -128]],
      ["u8", "u8", [1 / 256, 0]],
      ["i8", "i16", [1 / 65536, -32768]],
      ["i16", "i16", [1 / 32768, 0]],
    ],
    { options: { kind: "SoftmaxOptions", beta } },
  ).map((each) => ({ ...each, name: `${each.name}, beta ${beta}` }));

/** Reductions, and functions of whole rows. */
export const reductionCases: readonly OperatorCase[] = [
  ...reduction("MEAN", ["f32", "i8", "u8", "i16", "i32", "i64"]),
  ...reduction("SUM", ["f32", "i32", "i64"]),
  ...reduction("REDUCE_PROD", ["f32", "i32", "i64"], { range: [-1.5, 1.5], tolerance: 1e-4 }),
  ...reduction("REDUCE_MAX", ["f32", "i8", "u8", "i16", "i32", "i64"], { same: true }),
  ...reduction("REDUCE_MIN", ["f32", "i8", "u8", "i16", "i32", "i64"], { same: true }),
  ...reduction("REDUCE_ANY", ["bool"]),
  ...reduction("REDUCE_ALL", ["bool"]),
  ...argument("ARG_MAX"),
  ...argument("ARG_MIN"),
  ...softmax(1),
  ...softmax(0.7),
  ...rows("LOG_SOFTMAX", [
    ["f32", "f32"],
    ["i8", "i8", [16 / 256, 127]],
    ["u8", "u8", [16 / 256, 255]],
  ]),
  ...rows(
    "L2_NORMALIZATION",
    [
      ["f32", "f32"],
      ["i8", "i8", [1 / 128, 0]],
      ["u8", "u8", [1 / 128, 128]],
    ],
    { options: { kind: "L2NormOptions", fusedActivationFunction: "NONE" } },
  ),
  ...(["f32", "i8", "u8", "i32", "i64"] as const).map(
    (dtype): OperatorCase => ({
      operator: "TOPK_V2",
      name: dtype,
      make(random) {
        const x = tensor(random, dtype, [3, 9]);
        return { inputs: [x, scalar(4)], outputs: [{ ...x, shape: [3, 4] }, plain("i32", [3, 4])] };
      },
    }),
  ),
  ...(["f32", "i32", "i64"] as const).flatMap((dtype) =>
    [
      [false, false],
      [true, false],
      [false, true],
      [true, true],
    ].map(
      ([exclusive, reverse]): OperatorCase => ({
        operator: "CUMSUM",
        name: `${dtype}${exclusive ? " exclusive" : ""}${reverse ? " reverse" : ""}`,
        make: (random) => {
          const x = plain(dtype, [2, 4, 3]);
          return {
            inputs: [x, scalar(random.pick([0, 1, -1]))],
            outputs: [x],
            options: { kind: "CumsumOptions", exclusive, reverse },
          };
        },
      }),
    ),
  ),
];
