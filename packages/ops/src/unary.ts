import { type DType, fromNumbers, numbersOf, type QuantizationRule } from "@millrace/ir";
import { defineOp, one } from "./define.ts";
import { literal } from "./literal.ts";
import { fixed, float, free, freeBytes } from "./rules.ts";
import { slicedAlike } from "./slicing.ts";
import { errorFunction } from "./special.ts";
import { alongside } from "./transposing.ts";
import { whateverAxes } from "./widening.ts";

export const floatTypes: readonly DType[] = ["f32", "f64", "f16", "bf16"];
export const signedTypes: readonly DType[] = [...floatTypes, "i8", "i16", "i32", "i64"];

interface Row {
  readonly quantization: QuantizationRule;
  readonly dtypes: readonly DType[];
  apply(x: number): number;
  /** Some numbers, and what becomes of them. */
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** Element-wise functions of one real number without attributes. */
const rows = {
  abs: { apply: Math.abs, quantization: free, dtypes: signedTypes, x: [-2, 0, 3], y: [2, 0, 3] },
  neg: {
    apply: (x: number) => -x,
    quantization: float("TFLite has no int8 NEG that its converter emits"),
    dtypes: signedTypes,
    x: [-2, 0, 3],
    y: [2, 0, -3],
  },
  exp: { apply: Math.exp, quantization: free, dtypes: floatTypes, x: [0, 1, -1], y: [1, Math.E, 1 / Math.E] },
  log: {
    apply: Math.log,
    quantization: freeBytes,
    dtypes: floatTypes,
    x: [1, Math.E, 0],
    y: [0, 1, Number.NEGATIVE_INFINITY],
  },
  sqrt: { apply: Math.sqrt, quantization: freeBytes, dtypes: floatTypes, x: [0, 4, 2.25], y: [0, 2, 1.5] },
  rsqrt: {
    apply: (x: number) => 1 / Math.sqrt(x),
    quantization: freeBytes,
    dtypes: floatTypes,
    x: [1, 4, 0.25],
    y: [1, 0.5, 2],
  },
  square: {
    apply: (x: number) => x * x,
    quantization: float("TFLite has no int8 SQUARE"),
    dtypes: signedTypes,
    x: [-3, 0, 1.5],
    y: [9, 0, 2.25],
  },
  sin: {
    apply: Math.sin,
    quantization: float("TFLite has no int8 SIN"),
    dtypes: floatTypes,
    x: [0, Math.PI / 2, Math.PI / 6],
    y: [0, 1, 0.5],
  },
  cos: {
    apply: Math.cos,
    quantization: float("TFLite has no int8 COS"),
    dtypes: floatTypes,
    x: [0, Math.PI, Math.PI / 3],
    y: [1, -1, 0.5],
  },
  floor: {
    apply: Math.floor,
    quantization: float("TFLite has no int8 FLOOR"),
    dtypes: floatTypes,
    x: [1.5, -1.5, 2],
    y: [1, -2, 2],
  },
  ceil: {
    apply: Math.ceil,
    quantization: float("TFLite has no int8 CEIL"),
    dtypes: floatTypes,
    x: [1.5, -1.5, 2],
    y: [2, -1, 2],
  },
  round: {
    apply: roundHalfToEven,
    quantization: float("TFLite has no int8 ROUND"),
    dtypes: floatTypes,
    x: [0.5, 1.5, -2.5, 2.6],
    y: [0, 2, -2, 3],
  },
  sign: {
    apply: Math.sign,
    quantization: float("TFLite has no int8 SIGN"),
    dtypes: signedTypes,
    x: [-7, 0, 0.1],
    y: [-1, 0, 1],
  },
  erf: {
    apply: errorFunction,
    quantization: float("TFLite has no ERF"),
    dtypes: floatTypes,
    x: [0, 0.5, -1, 3],
    y: [0, 0.5204999, -0.8427008, 0.9999779],
  },
  sigmoid: {
    apply: (x: number) => 1 / (1 + Math.exp(-x)),
    quantization: fixed(1 / 256, -128, 1 / 32768),
    dtypes: floatTypes,
    x: [0, Math.log(3), -Math.log(3)],
    y: [0.5, 0.75, 0.25],
  },
  tanh: {
    apply: Math.tanh,
    quantization: fixed(1 / 128, 0, 1 / 32768),
    dtypes: floatTypes,
    x: [0, Math.log(2), -Math.log(3)],
    y: [0, 0.6, -0.8],
  },
  hardSwish: {
    apply: (x: number) => (x * Math.min(6, Math.max(0, x + 3))) / 6,
    quantization: freeBytes,
    dtypes: floatTypes,
    x: [-4, 0, 3, 1.5],
    y: [0, 0, 3, 1.125],
  },
  mish: {
    apply: (x: number) => x * Math.tanh(Math.log1p(Math.exp(x))),
    quantization: freeBytes,
    dtypes: floatTypes,
    x: [0, 1, -1, 100],
    y: [0, 0.8650984, -0.3034015, 100],
  },
  logicalNot: {
    apply: (x: number) => (x === 0 ? 1 : 0),
    quantization: float("it works on truth values"),
    dtypes: ["bool"] as const,
    x: [1, 0],
    y: [0, 1],
  },
} satisfies Record<string, Row>;

export type UnaryName = keyof typeof rows;

/** To the nearest integer, ties to even. */
export function roundHalfToEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

function unary(name: string, row: Row) {
  return defineOp({
    name,
    inputs: { x: one(...row.dtypes) },
    attributes: {},
    quantization: row.quantization,
    infer: ({ x }) => ({ dtype: x.type.dtype, shape: x.type.shape }),
    transposed: (_, attributes, permutation) => alongside(1, attributes, permutation),
    widened: whateverAxes,
    sliced: ({ x }, attributes, range) => slicedAlike([x], attributes, range),
    evaluate: ({ x }) => fromNumbers(x.dtype, x.shape, mapNumbers(numbersOf(x), row.apply)),
    samples: [
      {
        name: "each element",
        attributes: {},
        inputs: [literal(row.dtypes[0], [row.x])],
        outputs: [literal(row.dtypes[0], [row.y])],
      },
    ],
  });
}

/** A copy with `apply` done to each number. */
export function mapNumbers(source: ArrayLike<number>, apply: (x: number) => number): Float64Array {
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
  mish,
  logicalNot,
} = unaryOperators;
