import {
  type Attributes,
  bitsOf,
  broadcastShapes,
  type DType,
  fromNumbers,
  isFloat,
  numbersOf,
  type OperatorSample,
  type QuantizationRule,
  type Tensor,
  type ValueType,
} from "@millrace/ir";
import { activationRanges } from "./activation.ts";
import { type Activation, activation } from "./attributes.ts";
import { forEachBroadcast } from "./broadcast.ts";
import { defineOp, one } from "./define.ts";
import { f32, literal } from "./literal.ts";
import { float, free, freeBytes } from "./rules.ts";
import { slicedAlike } from "./slicing.ts";
import { broadcastAlongside } from "./transposing.ts";
import { whateverAxes } from "./widening.ts";

const shifts = float("older files have it for scales that are powers of two; `add` and `sub` take any");
const bits = float("it works on the bits of integers");
const bitTypes: readonly DType[] = ["i32", "i8", "i16", "u8", "u16", "u32"];
const truth = float("its result is a truth value");
const numeric: readonly DType[] = ["f32", "f64", "f16", "bf16", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"];

type Apply = (a: number, b: number) => number;

interface Row {
  readonly apply: Apply;
  /** The same for integers of so many bits, where these matter. */
  readonly applyIn?: (bits: number) => Apply;
  readonly quantization: QuantizationRule;
  /** Element types; all numbers without it. */
  readonly dtypes?: readonly DType[];
  /** Some numbers, and the results pair by pair. */
  readonly a: readonly number[];
  readonly b: readonly number[];
  readonly y: readonly number[];
}

/** What is left of a, with the sign of b; exact. */
function remainder(a: number, b: number): number {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}

/** Element-wise arithmetic with a fused activation. */
const arithmetic = {
  add: { apply: (a, b) => a + b, quantization: free, a: [1, -5, 8], b: [2, 3, -4], y: [3, -2, 4] },
  sub: { apply: (a, b) => a - b, quantization: free, a: [1, -5, 8], b: [2, 3, -4], y: [-1, -8, 12] },
  mul: { apply: (a, b) => a * b, quantization: free, a: [1, -5, 8], b: [2, 3, -4], y: [2, -15, -32] },
  div: {
    apply: (a, b) => a / b,
    quantization: float("TFLite has no int8 DIV"),
    a: [1, -5, 8],
    b: [2, 4, -4],
    y: [0.5, -1.25, -2],
  },
} satisfies Record<string, Row>;

/** A shift to the right that keeps the sign, by no more than leaves one bit. */
function shiftIn(bits: number): Apply {
  return (a, b) => a >> Math.min(bits - 1, Math.max(0, b));
}

/**
 * Element-wise functions whose result has the inputs' element type. `shiftedAdd` and `shiftedSub` are sums and differences of 16-bit
 * integers whose scales are powers of two, one of them the result's: the other operand is shifted to meet it.
 */
const plain = {
  maximum: { apply: Math.max, quantization: { kind: "same", inputs: ["a", "b"] }, a: [1, -5], b: [-2, 3], y: [1, 3] },
  minimum: { apply: Math.min, quantization: { kind: "same", inputs: ["a", "b"] }, a: [1, -5], b: [-2, 3], y: [-2, -5] },
  pow: { apply: Math.pow, quantization: float("TFLite has no int8 POW"), a: [2, 9, -2], b: [3, 0.5, 2], y: [8, 3, 4] },
  shiftedAdd: { apply: (a, b) => a + b, quantization: shifts, a: [1, -5], b: [2, 3], y: [3, -2] },
  shiftedSub: { apply: (a, b) => a - b, quantization: shifts, a: [1, -5], b: [2, 3], y: [-1, -8] },
  squaredDifference: {
    apply: (a: number, b: number) => (a - b) ** 2,
    quantization: freeBytes,
    a: [1, -5],
    b: [3, 0.5],
    y: [4, 30.25],
  },
  atan2: {
    apply: Math.atan2,
    quantization: float("TFLite has no int8 ATAN2"),
    a: [1, -1],
    b: [1, 0],
    y: [Math.PI / 4, -Math.PI / 2],
  },
  bitwiseXor: {
    apply: (a: number, b: number) => a ^ b,
    quantization: bits,
    dtypes: bitTypes,
    a: [6, -1],
    b: [3, 5],
    y: [5, -6],
  },
  rightShift: {
    apply: shiftIn(32),
    applyIn: shiftIn,
    quantization: bits,
    dtypes: bitTypes,
    a: [12, -8],
    b: [2, 40],
    y: [3, -1],
  },
  floorDiv: {
    apply: (a: number, b: number) => Math.floor(a / b),
    quantization: float("TFLite has no int8 FLOOR_DIV"),
    a: [7, -7, 7],
    b: [2, 2, -2],
    y: [3, -4, -4],
  },
  floorMod: {
    apply: remainder,
    quantization: float("TFLite has no int8 FLOOR_MOD"),
    a: [7, -7, 7],
    b: [3, 3, -3],
    y: [1, 2, -2],
  },
} satisfies Record<string, Row>;

/** Element-wise tests; the result is bool. */
const comparison = {
  equal: { apply: (a, b) => Number(a === b), quantization: truth, a: [1, 2, 3], b: [2, 2, 2], y: [0, 1, 0] },
  notEqual: { apply: (a, b) => Number(a !== b), quantization: truth, a: [1, 2, 3], b: [2, 2, 2], y: [1, 0, 1] },
  less: { apply: (a, b) => Number(a < b), quantization: truth, a: [1, 2, 3], b: [2, 2, 2], y: [1, 0, 0] },
  lessEqual: { apply: (a, b) => Number(a <= b), quantization: truth, a: [1, 2, 3], b: [2, 2, 2], y: [1, 1, 0] },
  greater: { apply: (a, b) => Number(a > b), quantization: truth, a: [1, 2, 3], b: [2, 2, 2], y: [0, 0, 1] },
  greaterEqual: { apply: (a, b) => Number(a >= b), quantization: truth, a: [1, 2, 3], b: [2, 2, 2], y: [0, 1, 1] },
  logicalAnd: {
    apply: (a, b) => Number(a !== 0 && b !== 0),
    quantization: truth,
    a: [0, 0, 1, 1],
    b: [0, 1, 0, 1],
    y: [0, 0, 0, 1],
  },
  logicalOr: {
    apply: (a, b) => Number(a !== 0 || b !== 0),
    quantization: truth,
    a: [0, 0, 1, 1],
    b: [0, 1, 0, 1],
    y: [0, 1, 1, 1],
  },
} satisfies Record<string, Row>;

function combine(a: Tensor, b: Tensor, output: ValueType, apply: Apply): Tensor {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  const shape = output.shape as readonly number[];
  const result = new Float64Array(shape.reduce((count, size) => count * size, 1));
  forEachBroadcast(shape, [a.shape, b.shape], (out, indices) => {
    result[out] = apply(left[indices[0]], right[indices[1]]);
  });
  return fromNumbers(output.dtype, shape, result);
}

const inputs = { a: one(...numeric), b: one(...numeric) } as const;
const agree = [
  "the shapes of a and b broadcast",
  ({ a, b }: { a: { type: ValueType }; b: { type: ValueType } }) =>
    broadcastShapes(a.type.shape, b.type.shape) !== undefined,
] as const;
const sameType = [
  "a and b have one element type",
  ({ a, b }: { a: { type: ValueType }; b: { type: ValueType } }) => a.type.dtype === b.type.dtype,
] as const;

/** The row's numbers pair by pair, and a column of a against a row of b. */
function samplesOf({ apply, a, b, y }: Row, attributes: Attributes, from: DType, to: DType): OperatorSample[] {
  return [
    { name: "pair by pair", attributes, inputs: [literal(from, [a]), literal(from, [b])], outputs: [literal(to, [y])] },
    {
      name: "column and row",
      attributes,
      inputs: [literal(from, [[a[0]], [a[1]]]), literal(from, [b])],
      outputs: [literal(to, [b.map((item) => apply(a[0], item)), b.map((item) => apply(a[1], item))])],
    },
  ];
}

function arithmeticOperator(name: string, row: Row) {
  return defineOp({
    name,
    inputs,
    attributes: { activation },
    quantization: row.quantization,
    check: [agree, sameType],
    infer: ({ a, b }) => ({ dtype: a.type.dtype, shape: broadcastShapes(a.type.shape, b.type.shape)! }),
    transposed: ({ a, b }, attributes, permutation) => broadcastAlongside([a, b], attributes, permutation),
    widened: whateverAxes,
    sliced: ({ a, b }, attributes, range) => slicedAlike([a, b], attributes, range),
    evaluate({ a, b }, attributes, [output]) {
      const [low, high] = activationRanges[attributes.activation as Activation];
      const whole = !isFloat(output.dtype);
      return combine(a, b, output, (x, y) => {
        const result = Math.min(high, Math.max(low, row.apply(x, y)));
        return whole ? Math.trunc(result) : result;
      });
    },
    samples: [
      ...samplesOf(row, { activation: "none" }, "f32", "f32"),
      {
        name: "ReLU6, b a single element",
        attributes: { activation: "relu6" },
        inputs: [f32([[-100], [100], [0.5]]), f32([1])],
        outputs: [f32([[0], [6], [Math.max(0, row.apply(0.5, 1))]])],
      },
    ],
  });
}

function plainOperator(name: string, row: Row) {
  return defineOp({
    name,
    inputs: row.dtypes ? { a: one(...row.dtypes), b: one(...row.dtypes) } : inputs,
    attributes: {},
    quantization: row.quantization,
    check: [agree, sameType],
    infer: ({ a, b }) => ({ dtype: a.type.dtype, shape: broadcastShapes(a.type.shape, b.type.shape)! }),
    transposed: ({ a, b }, attributes, permutation) => broadcastAlongside([a, b], attributes, permutation),
    widened: whateverAxes,
    sliced: ({ a, b }, attributes, range) => slicedAlike([a, b], attributes, range),
    evaluate: ({ a, b }, _, [output]) => combine(a, b, output, row.applyIn?.(bitsOf(a.dtype)) ?? row.apply),
    samples: samplesOf(row, {}, row.dtypes?.[0] ?? "f32", row.dtypes?.[0] ?? "f32"),
  });
}

function comparisonOperator(name: string, row: Row) {
  return defineOp({
    name,
    inputs: { a: one(), b: one() },
    attributes: {},
    quantization: row.quantization,
    check: [agree, sameType],
    infer: ({ a, b }) => ({ dtype: "bool", shape: broadcastShapes(a.type.shape, b.type.shape)! }),
    transposed: ({ a, b }, attributes, permutation) => broadcastAlongside([a, b], attributes, permutation),
    widened: whateverAxes,
    sliced: ({ a, b }, attributes, range) => slicedAlike([a, b], attributes, range),
    evaluate: ({ a, b }, _, [output]) => combine(a, b, output, row.apply),
    samples: samplesOf(row, {}, name.startsWith("logical") ? "bool" : "i32", "bool"),
  });
}

function family<N extends string, O>(
  rows: Readonly<Record<N, Row>>,
  make: (name: string, row: Row) => O,
): Readonly<Record<N, O>> {
  const entries = (Object.entries(rows) as [N, Row][]).map(([name, row]) => [name, make(name, row)]);
  return Object.fromEntries(entries) as Record<N, O>;
}

export const arithmeticOperators = family<keyof typeof arithmetic, ReturnType<typeof arithmeticOperator>>(
  arithmetic,
  arithmeticOperator,
);
export const plainBinaryOperators = family<keyof typeof plain, ReturnType<typeof plainOperator>>(plain, plainOperator);
export const comparisonOperators = family<keyof typeof comparison, ReturnType<typeof comparisonOperator>>(
  comparison,
  comparisonOperator,
);

export const { add, sub, mul, div } = arithmeticOperators;
export const {
  maximum,
  minimum,
  pow,
  atan2,
  bitwiseXor,
  rightShift,
  shiftedAdd,
  shiftedSub,
  squaredDifference,
  floorDiv,
  floorMod,
} = plainBinaryOperators;
export const { equal, notEqual, less, lessEqual, greater, greaterEqual, logicalAnd, logicalOr } = comparisonOperators;
