import { type DType, fromNumbers, numbersOf, type QuantizationRule } from "@millrace/ir";
import { flag, real } from "./attributes.ts";
import { defineOp, one } from "./define.ts";
import { errorFunction } from "./special.ts";
import { alongside } from "./transposing.ts";

const free: QuantizationRule = { kind: "free" };
const float = (why: string): QuantizationRule => ({ kind: "float", why });
const floatTypes: readonly DType[] = ["f32", "f64", "f16", "bf16"];
const signedTypes: readonly DType[] = [...floatTypes, "i8", "i16", "i32", "i64"];

/** Element-wise functions of one real number without attributes. */
const rows = {
  abs: { apply: Math.abs, quantization: free, dtypes: signedTypes },
  neg: {
    apply: (x: number) => -x,
    quantization: float("TFLite has no int8 NEG that its converter emits"),
    dtypes: signedTypes,
  },
  exp: { apply: Math.exp, quantization: free, dtypes: floatTypes },
  log: { apply: Math.log, quantization: free, dtypes: floatTypes },
  sqrt: { apply: Math.sqrt, quantization: free, dtypes: floatTypes },
  rsqrt: { apply: (x: number) => 1 / Math.sqrt(x), quantization: free, dtypes: floatTypes },
  square: { apply: (x: number) => x * x, quantization: float("TFLite has no int8 SQUARE"), dtypes: signedTypes },
  sin: { apply: Math.sin, quantization: float("TFLite has no int8 SIN"), dtypes: floatTypes },
  cos: { apply: Math.cos, quantization: float("TFLite has no int8 COS"), dtypes: floatTypes },
  floor: { apply: Math.floor, quantization: float("TFLite has no int8 FLOOR"), dtypes: floatTypes },
  ceil: { apply: Math.ceil, quantization: float("TFLite has no int8 CEIL"), dtypes: floatTypes },
  round: { apply: roundHalfToEven, quantization: float("TFLite has no int8 ROUND"), dtypes: floatTypes },
  sign: { apply: Math.sign, quantization: float("TFLite has no int8 SIGN"), dtypes: signedTypes },
  erf: { apply: errorFunction, quantization: float("TFLite has no ERF"), dtypes: floatTypes },
  sigmoid: { apply: (x: number) => 1 / (1 + Math.exp(-x)), quantization: fixed(256, -128, 32768), dtypes: floatTypes },
  tanh: { apply: Math.tanh, quantization: fixed(128, 0, 32768), dtypes: floatTypes },
  hardSwish: {
    apply: (x: number) => (x * Math.min(6, Math.max(0, x + 3))) / 6,
    quantization: free,
    dtypes: floatTypes,
  },
  logicalNot: {
    apply: (x: number) => (x === 0 ? 1 : 0),
    quantization: float("it works on truth values"),
    dtypes: ["bool"] as const,
  },
} satisfies Record<string, { apply(x: number): number; quantization: QuantizationRule; dtypes: readonly DType[] }>;

export type UnaryName = keyof typeof rows;

function fixed(byteSteps: number, byteZero: number, wordSteps: number): QuantizationRule {
  return {
    kind: "fixed",
    parameters: (bits) =>
      bits === 8 ? { scale: 1 / byteSteps, zeroPoint: byteZero } : { scale: 1 / wordSteps, zeroPoint: 0 },
  };
}

/** To the nearest integer, ties to even. */
export function roundHalfToEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

function unary(
  name: string,
  row: { apply(x: number): number; quantization: QuantizationRule; dtypes: readonly DType[] },
) {
  return defineOp({
    name,
    inputs: { x: one(...row.dtypes) },
    attributes: {},
    quantization: row.quantization,
    infer: ({ x }) => ({ dtype: x.type.dtype, shape: x.type.shape }),
    transposed: (_, attributes, permutation) => alongside(1, attributes, permutation),
    evaluate: ({ x }) => fromNumbers(x.dtype, x.shape, mapNumbers(numbersOf(x), row.apply)),
  });
}

/** Element-wise functions with one number that shapes them. */
function parametric(name: string, apply: (x: number, alpha: number) => number) {
  return defineOp({
    name,
    inputs: { x: one(...floatTypes) },
    attributes: { alpha: real },
    quantization: free,
    infer: ({ x }) => ({ dtype: x.type.dtype, shape: x.type.shape }),
    transposed: (_, attributes, permutation) => alongside(1, attributes, permutation),
    evaluate: ({ x }, { alpha }) =>
      fromNumbers(
        x.dtype,
        x.shape,
        mapNumbers(numbersOf(x), (item) => apply(item, alpha)),
      ),
  });
}

export const leakyRelu = parametric("leakyRelu", (x, alpha) => (x >= 0 ? x : x * alpha));
export const elu = parametric("elu", (x, alpha) => (x >= 0 ? x : alpha * Math.expm1(x)));

/** x · Φ(x), or its tanh approximation. */
export const gelu = defineOp({
  name: "gelu",
  inputs: { x: one(...floatTypes) },
  attributes: { approximate: flag },
  quantization: free,
  infer: ({ x }) => ({ dtype: x.type.dtype, shape: x.type.shape }),
  transposed: (_, attributes, permutation) => alongside(1, attributes, permutation),
  evaluate({ x }, { approximate }) {
    const exact = (item: number) => 0.5 * item * (1 + errorFunction(item * Math.SQRT1_2));
    const quick = (item: number) =>
      0.5 * item * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (item + 0.044715 * item ** 3)));
    return fromNumbers(x.dtype, x.shape, mapNumbers(numbersOf(x), approximate ? quick : exact));
  },
});

/** min(maximum, max(minimum, x)); a bound may be infinite. ReLU is [0, ∞], ReLU6 is [0, 6]. */
export const clamp = defineOp({
  name: "clamp",
  inputs: { x: one(...signedTypes, "u8") },
  attributes: { minimum: real, maximum: real },
  quantization: free,
  check: [["minimum does not exceed maximum", (_, { minimum, maximum }) => minimum <= maximum]],
  infer: ({ x }) => ({ dtype: x.type.dtype, shape: x.type.shape }),
  transposed: (_, attributes, permutation) => alongside(1, attributes, permutation),
  evaluate: ({ x }, { minimum, maximum }) =>
    fromNumbers(
      x.dtype,
      x.shape,
      mapNumbers(numbersOf(x), (item) => Math.min(maximum, Math.max(minimum, item))),
    ),
});

function mapNumbers(source: ArrayLike<number>, apply: (x: number) => number): Float64Array {
  const result = new Float64Array(source.length);
  for (let index = 0; index < source.length; index++) result[index] = apply(source[index]);
  return result;
}

type UnaryOperators = { readonly [K in UnaryName]: ReturnType<typeof unary> };

/** Operators of the family by name. */
export const unaryOperators = Object.fromEntries(
  Object.entries(rows).map(([name, row]) => [name, unary(name, row)]),
) as unknown as UnaryOperators;

export const {
  abs,
  neg,
  exp,
  log,
  sqrt,
  rsqrt,
  square,
  sin,
  cos,
  floor,
  ceil,
  round,
  sign,
  erf,
  sigmoid,
  tanh,
  hardSwish,
  logicalNot,
} = unaryOperators;
