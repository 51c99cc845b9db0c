import {
  type Attributes,
  type DType,
  fromNumbers,
  numbersOf,
  type OperatorSample,
  type QuantizationRule,
} from "@millrace/ir";
import { flag, real } from "./attributes.ts";
import { defineOp, one } from "./define.ts";
import { literal } from "./literal.ts";
import { errorFunction } from "./special.ts";
import { alongside } from "./transposing.ts";

const free: QuantizationRule = { kind: "free" };
const float = (why: string): QuantizationRule => ({ kind: "float", why });
const floatTypes: readonly DType[] = ["f32", "f64", "f16", "bf16"];
const signedTypes: readonly DType[] = [...floatTypes, "i8", "i16", "i32", "i64"];

interface Row {
  readonly quantization: QuantizationRule;
  readonly dtypes: readonly DType[];
  /** Numbers and their images. */
  readonly example: Example;
  apply(x: number): number;
}

type Example = readonly [readonly number[], readonly number[]];

/** Element-wise functions of one real number without attributes. */
const rows = {
  abs: {
    apply: Math.abs,
    quantization: free,
    dtypes: signedTypes,
    example: [
      [-2, 0, 3],
      [2, 0, 3],
    ],
  },
  neg: {
    apply: (x: number) => -x,
    quantization: float("TFLite has no int8 NEG that its converter emits"),
    dtypes: signedTypes,
    example: [
      [-2, 0, 3],
      [2, 0, -3],
    ],
  },
  exp: {
    apply: Math.exp,
    quantization: free,
    dtypes: floatTypes,
    example: [
      [0, 1, -1],
      [1, Math.E, 1 / Math.E],
    ],
  },
  log: {
    apply: Math.log,
    quantization: free,
    dtypes: floatTypes,
    example: [
      [1, Math.E, 0],
      [0, 1, Number.NEGATIVE_INFINITY],
    ],
  },
  sqrt: {
    apply: Math.sqrt,
    quantization: free,
    dtypes: floatTypes,
    example: [
      [0, 4, 2.25],
      [0, 2, 1.5],
    ],
  },
  rsqrt: {
    apply: (x: number) => 1 / Math.sqrt(x),
    quantization: free,
    dtypes: floatTypes,
    example: [
      [1, 4, 0.25],
      [1, 0.5, 2],
    ],
  },
  square: {
    apply: (x: number) => x * x,
    quantization: float("TFLite has no int8 SQUARE"),
    dtypes: signedTypes,
    example: [
      [-3, 0, 1.5],
      [9, 0, 2.25],
    ],
  },
  sin: {
    apply: Math.sin,
    quantization: float("TFLite has no int8 SIN"),
    dtypes: floatTypes,
    example: [
      [0, Math.PI / 2, Math.PI / 6],
      [0, 1, 0.5],
    ],
  },
  cos: {
    apply: Math.cos,
    quantization: float("TFLite has no int8 COS"),
    dtypes: floatTypes,
    example: [
      [0, Math.PI, Math.PI / 3],
      [1, -1, 0.5],
    ],
  },
  floor: {
    apply: Math.floor,
    quantization: float("TFLite has no int8 FLOOR"),
    dtypes: floatTypes,
    example: [
      [1.5, -1.5, 2],
      [1, -2, 2],
    ],
  },
  ceil: {
    apply: Math.ceil,
    quantization: float("TFLite has no int8 CEIL"),
    dtypes: floatTypes,
    example: [
      [1.5, -1.5, 2],
      [2, -1, 2],
    ],
  },
  round: {
    apply: roundHalfToEven,
    quantization: float("TFLite has no int8 ROUND"),
    dtypes: floatTypes,
    example: [
      [0.5, 1.5, -2.5, 2.6],
      [0, 2, -2, 3],
    ],
  },
  sign: {
    apply: Math.sign,
    quantization: float("TFLite has no int8 SIGN"),
    dtypes: signedTypes,
    example: [
      [-7, 0, 0.1],
      [-1, 0, 1],
    ],
  },
  erf: {
    apply: errorFunction,
    quantization: float("TFLite has no ERF"),
    dtypes: floatTypes,
    example: [
      [0, 0.5, -1, 3],
      [0, 0.5204999, -0.8427008, 0.9999779],
    ],
  },
  sigmoid: {
    apply: (x: number) => 1 / (1 + Math.exp(-x)),
    quantization: fixed(256, -128, 32768),
    dtypes: floatTypes,
    example: [
      [0, Math.log(3), -Math.log(3)],
      [0.5, 0.75, 0.25],
    ],
  },
  tanh: {
    apply: Math.tanh,
    quantization: fixed(128, 0, 32768),
    dtypes: floatTypes,
    example: [
      [0, Math.log(2), -Math.log(3)],
      [0, 0.6, -0.8],
    ],
  },
  hardSwish: {
    apply: (x: number) => (x * Math.min(6, Math.max(0, x + 3))) / 6,
    quantization: free,
    dtypes: floatTypes,
    example: [
      [-4, 0, 3, 1.5],
      [0, 0, 3, 1.125],
    ],
  },
  logicalNot: {
    apply: (x: number) => (x === 0 ? 1 : 0),
    quantization: float("it works on truth values"),
    dtypes: ["bool"] as const,
    example: [
      [1, 0],
      [0, 1],
    ],
  },
} satisfies Record<string, Row>;

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

function sampleOf(name: string, attributes: Attributes, [x, y]: Example, dtype: DType = "f32"): OperatorSample {
  return { name, attributes, inputs: [literal(dtype, [x])], outputs: [literal(dtype, [y])] };
}

function unary(name: string, row: Row) {
  return defineOp({
    name,
    inputs: { x: one(...row.dtypes) },
    attributes: {},
    quantization: row.quantization,
    infer: ({ x }) => ({ dtype: x.type.dtype, shape: x.type.shape }),
    transposed: (_, attributes, permutation) => alongside(1, attributes, permutation),
    evaluate: ({ x }) => fromNumbers(x.dtype, x.shape, mapNumbers(numbersOf(x), row.apply)),
    samples: [sampleOf("each element", {}, row.example, row.dtypes[0])],
  });
}

/** Element-wise functions with one number that shapes them. */
function parametric(name: string, apply: (x: number, alpha: number) => number, alpha: number, example: Example) {
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
    samples: [sampleOf(`alpha ${alpha}`, { alpha }, example)],
  });
}

export const leakyRelu = parametric("leakyRelu", (x, alpha) => (x >= 0 ? x : x * alpha), 0.25, [
  [-4, 0, 3],
  [-1, 0, 3],
]);
export const elu = parametric("elu", (x, alpha) => (x >= 0 ? x : alpha * Math.expm1(x)), 2, [
  [-Math.log(2), 0, 3],
  [-1, 0, 3],
]);

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
  samples: [
    sampleOf("exact", { approximate: false }, [
      [0, 1, -1],
      [0, 0.8413447, -0.1586553],
    ]),
    sampleOf("by tanh", { approximate: true }, [
      [0, 1, -1],
      [0, 0.841192, -0.158808],
    ]),
  ],
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
  samples: [
    sampleOf("ReLU6", { minimum: 0, maximum: 6 }, [
      [-1, 3, 7],
      [0, 3, 6],
    ]),
    sampleOf("ReLU", { minimum: 0, maximum: Number.POSITIVE_INFINITY }, [
      [-1, 3, 7],
      [0, 3, 7],
    ]),
  ],
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
