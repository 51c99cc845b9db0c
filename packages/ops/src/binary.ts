import {
  broadcastShapes,
  type DType,
  fromNumbers,
  numbersOf,
  type QuantizationRule,
  type Tensor,
  type ValueType,
} from "@millrace/ir";
import { activationRanges } from "./activation.ts";
import { type Activation, activation } from "./attributes.ts";
import { forEachBroadcast } from "./broadcast.ts";
import { defineOp, one } from "./define.ts";
import { broadcastAlongside } from "./transposing.ts";

const free: QuantizationRule = { kind: "free" };
const float = (why: string): QuantizationRule => ({ kind: "float", why });
const numeric: readonly DType[] = ["f32", "f64", "f16", "bf16", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"];

type Apply = (a: number, b: number) => number;

/** Element-wise arithmetic with a fused activation. */
const arithmetic = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
} satisfies Record<string, Apply>;

/** Element-wise functions whose result has the inputs' element type. */
const plain = {
  maximum: { apply: Math.max, quantization: { kind: "same", inputs: ["a", "b"] } },
  minimum: { apply: Math.min, quantization: { kind: "same", inputs: ["a", "b"] } },
  pow: { apply: Math.pow, quantization: float("TFLite has no int8 POW") },
  squaredDifference: { apply: (a: number, b: number) => (a - b) ** 2, quantization: free },
  floorDiv: { apply: (a: number, b: number) => Math.floor(a / b), quantization: float("TFLite has no int8 FLOOR_DIV") },
  floorMod: {
    apply: (a: number, b: number) => a - b * Math.floor(a / b),
    quantization: float("TFLite has no int8 FLOOR_MOD"),
  },
} satisfies Record<string, { apply: Apply; quantization: QuantizationRule }>;

/** Element-wise tests; the result is bool. */
const comparison = {
  equal: (a, b) => Number(a === b),
  notEqual: (a, b) => Number(a !== b),
  less: (a, b) => Number(a < b),
  lessEqual: (a, b) => Number(a <= b),
  greater: (a, b) => Number(a > b),
  greaterEqual: (a, b) => Number(a >= b),
  logicalAnd: (a, b) => Number(a !== 0 && b !== 0),
  logicalOr: (a, b) => Number(a !== 0 || b !== 0),
} satisfies Record<string, Apply>;

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

function arithmeticOperator(name: string, apply: Apply) {
  return defineOp({
    name,
    inputs,
    attributes: { activation },
    quantization: name === "div" ? float("TFLite has no int8 DIV") : free,
    check: [agree, sameType],
    infer: ({ a, b }) => ({ dtype: a.type.dtype, shape: broadcastShapes(a.type.shape, b.type.shape)! }),
    transposed: ({ a, b }, attributes, permutation) => broadcastAlongside([a, b], attributes, permutation),
    evaluate({ a, b }, attributes, [output]) {
      const [low, high] = activationRanges[attributes.activation as Activation];
      const whole = !["f32", "f64", "f16", "bf16"].includes(output.dtype);
      return combine(a, b, output, (x, y) => {
        const result = Math.min(high, Math.max(low, apply(x, y)));
        return whole ? Math.trunc(result) : result;
      });
    },
  });
}

function plainOperator(name: string, row: { apply: Apply; quantization: QuantizationRule }) {
  return defineOp({
    name,
    inputs,
    attributes: {},
    quantization: row.quantization,
    check: [agree, sameType],
    infer: ({ a, b }) => ({ dtype: a.type.dtype, shape: broadcastShapes(a.type.shape, b.type.shape)! }),
    transposed: ({ a, b }, attributes, permutation) => broadcastAlongside([a, b], attributes, permutation),
    evaluate: ({ a, b }, _, [output]) => combine(a, b, output, row.apply),
  });
}

function comparisonOperator(name: string, apply: Apply) {
  return defineOp({
    name,
    inputs: { a: one(), b: one() },
    attributes: {},
    quantization: float("its result is a truth value"),
    check: [agree, sameType],
    infer: ({ a, b }) => ({ dtype: "bool", shape: broadcastShapes(a.type.shape, b.type.shape)! }),
    transposed: ({ a, b }, attributes, permutation) => broadcastAlongside([a, b], attributes, permutation),
    evaluate: ({ a, b }, _, [output]) => combine(a, b, output, apply),
  });
}

function family<N extends string, R, O>(
  rows: Readonly<Record<N, R>>,
  make: (name: string, row: R) => O,
): Readonly<Record<N, O>> {
  const entries = (Object.entries(rows) as [N, R][]).map(([name, row]) => [name, make(name, row)]);
  return Object.fromEntries(entries) as Record<N, O>;
}

export const arithmeticOperators = family<keyof typeof arithmetic, Apply, ReturnType<typeof arithmeticOperator>>(
  arithmetic,
  arithmeticOperator,
);
export const plainBinaryOperators = family<
  keyof typeof plain,
  { apply: Apply; quantization: QuantizationRule },
  ReturnType<typeof plainOperator>
>(plain, plainOperator);
export const comparisonOperators = family<keyof typeof comparison, Apply, ReturnType<typeof comparisonOperator>>(
  comparison,
  comparisonOperator,
);

export const { add, sub, mul, div } = arithmeticOperators;
export const { maximum, minimum, pow, squaredDifference, floorDiv, floorMod } = plainBinaryOperators;
export const { equal, notEqual, less, lessEqual, greater, greaterEqual, logicalAnd, logicalOr } = comparisonOperators;
