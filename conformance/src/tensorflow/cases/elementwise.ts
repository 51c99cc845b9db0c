import type { BuiltinOperatorName } from "@millrace/formats/tflite";
import { broadcastShapes, type DType, perTensor } from "@millrace/ir";
import { type OperatorCase, plain, type Shape, tensor } from "../operator-case.ts";
import type { OperatorDraft } from "../single-operator.ts";

type Extra = Partial<Omit<OperatorCase, "make">> & {
  readonly options?: OperatorDraft["options"];
  readonly range?: readonly [number, number];
  readonly label?: string;
};

/** One operand and a result of the same type and shape; `same` gives them one quantization. */
function unary(operator: BuiltinOperatorName, dtypes: readonly DType[], extra: Extra & { same?: boolean } = {}) {
  const { options, range, same = false, label, ...rest } = extra;
  return dtypes.map(
    (dtype): OperatorCase => ({
      operator,
      name: [dtype, label].filter(Boolean).join(" "),
      ...rest,
      make(random) {
        const shape: Shape = [2, 3, 5, 7];
        const bounds = dtype === "f32" && range ? { range } : {};
        const x = tensor(random, dtype, shape, bounds);
        const y = same ? { ...x } : tensor(random, dtype, shape);
        return { inputs: [x], outputs: [y], options };
      },
    }),
  );
}

/** One operand, and a result with parameters that the operator prescribes. */
function fixed(
  operator: BuiltinOperatorName,
  dtypes: readonly DType[],
  steps: Partial<Record<DType, [number, number]>>,
  extra: Extra = {},
) {
  const { options, label, ...rest } = extra;
  return dtypes.map(
    (dtype): OperatorCase => ({
      operator,
      name: [dtype, label].filter(Boolean).join(" "),
      ...rest,
      make(random) {
        const x = tensor(random, dtype, [2, 3, 35]);
        const [scale, zeroPoint] = steps[dtype] ?? [1, 0];
        const quantization = perTensor(scale, zeroPoint);
        const y = plain(dtype, x.shape, dtype === "f32" ? {} : { quantization });
        return { inputs: [x], outputs: [y], options };
      },
    }),
  );
}

const powerOfTwo = (operator: BuiltinOperatorName, exponent: number): OperatorCase => ({
  operator,
  name: `i16 with a scale of 2^${exponent}`,
  make: () => ({
    inputs: [plain("i16", [3, 50], { quantization: perTensor(2 ** exponent, 0) })],
    outputs: [plain("i16", [3, 50], { quantization: perTensor(1 / 32768, 0) })],
  }),
});

const pairs: readonly (readonly [string, Shape, Shape])[] = [
  ["same shape", [2, 3, 4, 5], [2, 3, 4, 5]],
  ["a scalar", [3, 7], []],
  ["a row", [2, 3, 5], [5]],
  ["both broadcast", [2, 1, 3, 1], [1, 4, 1, 5]],
];
const deepPairs: readonly (readonly [string, Shape, Shape])[] = [["five axes", [2, 1, 3, 1, 2], [1, 4, 1, 5, 2]]];

function pairwise(
  operator: BuiltinOperatorName,
  dtypes: readonly DType[],
  extra: Extra & {
    to?: DType;
    deep?: boolean;
    bounds?: readonly [Extra["range"], Extra["range"]];
    same?: boolean;
    stored?: boolean;
  } = {},
): OperatorCase[] {
  const { options, label, to, deep = false, bounds = [], same = false, stored = false, range: _, ...rest } = extra;
  const make = stored ? (_random: unknown, ...rest: Parameters<typeof plain>) => plain(...rest) : tensor;
  return dtypes.flatMap((dtype) =>
    [...pairs, ...(deep ? deepPairs : [])].map(
      ([shapes, left, right]): OperatorCase => ({
        operator,
        name: [dtype, shapes, label].filter(Boolean).join(", "),
        ...rest,
        make(random) {
          const a = make(random, dtype, left, bounds[0] && { range: bounds[0] });
          const b = make(random, dtype, right, bounds[1] && { range: bounds[1] });
          const shape = broadcastShapes(left, right) as Shape;
          const y = to ? plain(to, shape) : make(random, dtype, shape);
          const shared = { quantization: a.quantization } as typeof a;
          return same && a.quantization
            ? { inputs: [a, { ...b, ...shared }], outputs: [{ ...y, ...shared }], options }
            : { inputs: [a, b], outputs: [y], options };
        },
      }),
    ),
  );
}

const activations = ["NONE", "RELU", "RELU6", "RELU_N1_TO_1"] as const;
const arithmeticKinds = { ADD: "AddOptions", SUB: "SubOptions", MUL: "MulOptions", DIV: "DivOptions" } as const;

function arithmetic(
  operator: keyof typeof arithmeticKinds,
  dtypes: readonly DType[],
  extra: Parameters<typeof pairwise>[2] = {},
) {
  const kind = arithmeticKinds[operator];
  return activations.flatMap((fusedActivationFunction) =>
    pairwise(operator, dtypes, {
      label: fusedActivationFunction,
      options: {
        kind,
        fusedActivationFunction,
        ...((kind === "AddOptions" || kind === "SubOptions") && { potScaleInt16: false }),
      },
      ...extra,
    }),
  );
}

/** 16-bit sums whose scales are powers of two. */
function shifted(operator: "ADD" | "SUB"): OperatorCase[] {
  return [
    [-11, -12, -11],
    [-12, -11, -11],
    [-12, -12, -12],
  ].map(([a, b, y]) => ({
    operator,
    name: `i16 by shifts, ${a} ${b} ${y}`,
    make: () => ({
      inputs: [a, b].map((exponent) => plain("i16", [2, 30], { quantization: perTensor(2 ** exponent, 0) })),
      outputs: [plain("i16", [2, 30], { quantization: perTensor(2 ** y, 0) })],
      options: { kind: arithmeticKinds[operator], potScaleInt16: true, fusedActivationFunction: "NONE" },
    }),
  }));
}

const positive = [0.1, 9] as const;
const all8 = ["f32", "i8", "u8", "i16"] as const satisfies readonly DType[];
const whole = ["i32", "i64"] as const satisfies readonly DType[];

/**
 * Quotients of unsigned bytes. Those of small by great numbers are left out: TFLite's kernel shifts them by more bits than there are,
 * which means nothing in its language.
 */
const divided = activations.map(
  (fusedActivationFunction): OperatorCase => ({
    operator: "DIV",
    name: `u8, ${fusedActivationFunction}`,
    make(random) {
      const [a, b] = [random.between(0.01, 0.5), random.between(0.01, 0.5)];
      const operand = (shape: Shape, scale: number, range: readonly [number, number]) =>
        plain("u8", shape, { quantization: perTensor(scale, 0), range });
      return {
        inputs: [operand([6, 5], a, [16, 255]), operand([1, 5], b, [1, 15])],
        outputs: [tensor(random, "u8", [6, 5], { quantization: perTensor((a / b) * random.between(0.02, 1), 100) })],
        options: { kind: "DivOptions", fusedActivationFunction },
      };
    },
  }),
);

/** Element-wise operators. */
export const elementwiseCases: readonly OperatorCase[] = [
  ...unary("ABS", ["f32", "i8", "i16", "i32"]),
  ...unary("NEG", ["f32", "i32", "i64"]),
  ...unary("EXP", ["f32", "i8", "i16"]),
  ...unary("LOG", ["f32"], { range: positive }),
  ...unary("SQRT", ["f32"], { range: positive }),
  ...unary("RSQRT", ["f32"], { range: positive }),
  {
    operator: "RSQRT",
    name: "i8",
    make: (random) => ({
      inputs: [plain("i8", [5, 40], { quantization: perTensor(random.between(0.01, 0.2), -128), range: [-127, 127] })],
      outputs: [tensor(random, "i8", [5, 40])],
    }),
  },
  ...unary("SIN", ["f32"]),
  ...unary("COS", ["f32"]),
  ...unary("SQUARE", ["f32"]),
  ...unary("FLOOR", ["f32"]),
  ...unary("CEIL", ["f32"]),
  ...unary("ROUND", ["f32"]),
  ...unary("SIGN", ["f32"]),
  ...unary("ELU", ["f32", "i8"]),
  ...unary("GELU", ["f32", "i8", "u8"], { options: { kind: "GeluOptions", approximate: true }, label: "approximate" }),
  ...unary("GELU", ["f32", "i8", "u8"], { options: { kind: "GeluOptions", approximate: false } }),
  ...unary("HARD_SWISH", ["f32", "i8", "u8"]),
  ...unary("RELU", all8),
  ...unary("RELU6", all8),
  ...unary("RELU_N1_TO_1", ["f32", "i8", "u8"]),
  ...unary("RELU_0_TO_1", ["f32", "i8", "u8"]),
  ...unary("LEAKY_RELU", all8, { options: { kind: "LeakyReluOptions", alpha: 0.3 } }),
  ...unary("LEAKY_RELU", all8, { options: { kind: "LeakyReluOptions", alpha: -0.2 }, label: "negative slope" }),
  ...unary("LOGICAL_NOT", ["bool"]),
  ...unary("ZEROS_LIKE", ["f32", "i32", "i64"]),
  ...fixed(
    "LOGISTIC",
    ["f32", "i8", "u8", "i16"],
    { i8: [1 / 256, -128], u8: [1 / 256, 0], i16: [1 / 32768, 0] },
    { flavor: "tflm" },
  ),
  ...fixed(
    "TANH",
    ["f32", "i8", "u8", "i16"],
    { i8: [1 / 128, 0], u8: [1 / 128, 128], i16: [1 / 32768, 0] },
    { flavor: "tflm" },
  ),
  ...[-12, -11, -10].map((exponent) => powerOfTwo("LOGISTIC", exponent)),
  ...[-12, -11, -13].map((exponent) => powerOfTwo("TANH", exponent)),
  ...(["ADD", "SUB"] as const).flatMap((operator) => arithmetic(operator, [...all8, ...whole], { deep: true })),
  ...arithmetic("MUL", [...all8, ...whole]),
  ...shifted("ADD"),
  ...shifted("SUB"),
  ...arithmetic("DIV", ["f32"], { bounds: [undefined, positive] }),
  ...divided,
  ...arithmetic("DIV", ["i32"], { bounds: [undefined, [1, 9]] }),
  ...["MAXIMUM", "MINIMUM"].flatMap((operator) =>
    pairwise(operator as "MAXIMUM", [...all8, ...whole], { deep: true, same: true }),
  ),
  ...pairwise("SQUARED_DIFFERENCE", ["f32", "i8", "i32"]),
  ...pairwise("POW", ["f32"], { bounds: [positive, [-2, 2]], tolerance: 1e-5 }),
  ...pairwise("POW", ["i32"], {
    bounds: [
      [0, 5],
      [0, 5],
    ],
  }),
  ...pairwise("FLOOR_DIV", ["f32", "i32"], { bounds: [undefined, [1, 9]] }),
  ...pairwise("FLOOR_DIV", ["i32"], { bounds: [undefined, [-9, -1]], label: "negative divisor" }),
  ...pairwise("FLOOR_DIV", ["i8", "i16"], { bounds: [undefined, [1, 9]], stored: true }),
  ...pairwise("FLOOR_MOD", ["i8", "i16"], { bounds: [undefined, [1, 9]], stored: true }),
  ...pairwise("FLOOR_MOD", ["f32", "i32", "i64"], { bounds: [undefined, [1, 9]] }),
  ...pairwise("FLOOR_MOD", ["i32", "i64"], { bounds: [undefined, [-9, -1]], label: "negative divisor" }),
  ...(["EQUAL", "NOT_EQUAL"] as const).flatMap((operator) =>
    pairwise(operator, [...all8.filter((d) => d !== "i16"), ...whole, "bool"], { to: "bool" }),
  ),
  ...(["LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL"] as const).flatMap((operator) =>
    pairwise(operator, [...all8.filter((d) => d !== "i16"), ...whole], { to: "bool" }),
  ),
  ...pairwise("ATAN2", ["f32"]).slice(0, 1),
  ...pairwise("BITWISE_XOR", ["i8", "i16", "i32", "u8"], { stored: true }),
  ...pairwise("RIGHT_SHIFT", ["i8", "i16", "i32", "u8"], { stored: true, bounds: [undefined, [0, 9]] }),
  ...pairwise("LOGICAL_AND", ["bool"], { to: "bool" }),
  ...pairwise("LOGICAL_OR", ["bool"], { to: "bool" }),
  ...pairwise("PRELU", ["f32", "i8", "u8"]).filter(({ name }) => !name.includes("both")),
];
