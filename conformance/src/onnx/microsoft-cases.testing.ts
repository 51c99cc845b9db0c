/** Element types of operands, by their codes in ONNX. */
export const codes = { f32: 1, u8: 2, i8: 3, i32: 6 } as const;
export type Code = keyof typeof codes;

/** An operand: its type and shape, and what integers it holds; undefined where it is left out. */
export interface Operand {
  readonly dtype: Code;
  readonly shape: readonly number[];
  readonly numbers: readonly number[];
  /** Whether it is a constant of the model rather than an input. */
  readonly isConstant: boolean;
}

let seed = 7;
const next = () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 31 - 1;
};
const count = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);
/** An operand that holds these numbers. */
export const make = (
  dtype: Code,
  shape: readonly number[],
  numbers: readonly number[],
  isConstant: boolean,
): Operand => ({
  dtype,
  shape,
  numbers,
  isConstant,
});
const random = (shape: readonly number[], isConstant: boolean, factor = 1) =>
  make(
    "f32",
    shape,
    Array.from({ length: count(shape) }, () => Math.fround(next() * factor)),
    isConstant,
  );
/** Random real data. */
export const data = (...shape: number[]) => random(shape, false);
const weights = (...shape: number[]) => random(shape, true, 0.5);
const whole = (shape: readonly number[], ...numbers: number[]) => make("i32", shape, numbers, false);
const bytes = (dtype: "u8" | "i8", isConstant: boolean, ...shape: number[]) =>
  make(
    dtype,
    shape,
    Array.from({ length: count(shape) }, () => Math.floor(next() * 100) + (dtype === "u8" ? 120 : 0)),
    isConstant,
  );
const scalar = (dtype: Code, value: number) => make(dtype, [], [value], true);

/** One operator, and what it reads. */
export interface MicrosoftCase {
  readonly name: string;
  readonly type: string;
  readonly operands: readonly (Operand | undefined)[];
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>;
  /** Element types of the results that are compared. */
  readonly results?: readonly Code[];
}

export const heads = { num_heads: 2 };
const self = [data(2, 3, 8), weights(8, 24), weights(24)] as const;
const three = [data(2, 3, 8), data(2, 4, 8), data(2, 4, 8)] as const;
const table = (rows: number) => bytes("u8", true, rows, 4);

export const microsoftCases: readonly MicrosoftCase[] = [
  { name: "attention", type: "Attention", operands: self, attributes: heads },
  { name: "one that looks back only", type: "Attention", operands: self, attributes: { ...heads, unidirectional: 1 } },
  { name: "lengths", type: "Attention", operands: [...self, whole([2], 2, 3)], attributes: heads },
  { name: "ends and starts", type: "Attention", operands: [...self, whole([4], 2, 3, 0, 1)], attributes: heads },
  { name: "a mask", type: "Attention", operands: [...self, whole([2, 3], 1, 1, 0, 0, 1, 1)], attributes: heads },
  {
    name: "a mask for each score",
    type: "Attention",
    operands: [...self, whole([2, 3, 3], 1, 0, 0, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0)],
    attributes: heads,
  },
  {
    name: "earlier keys and values",
    type: "Attention",
    operands: [...self, undefined, data(2, 2, 2, 5, 4)],
    attributes: { ...heads, unidirectional: 1 },
    results: ["f32", "f32"],
  },
  {
    name: "scores with a bias",
    type: "Attention",
    operands: [...self, undefined, undefined, data(1, 2, 3, 3)],
    attributes: heads,
  },
  {
    name: "values of another size",
    type: "Attention",
    operands: [data(2, 3, 8), weights(8, 20), weights(20)],
    attributes: { ...heads, qkv_hidden_sizes: [8, 8, 4] },
  },
  { name: "queries, keys and values", type: "MultiHeadAttention", operands: three, attributes: heads },
  {
    name: "all of them with a bias and a mask",
    type: "MultiHeadAttention",
    operands: [...three, weights(24), whole([2, 4], 1, 1, 1, 0, 1, 0, 1, 1)],
    attributes: heads,
  },
  {
    name: "keys and values with heads",
    type: "MultiHeadAttention",
    operands: [data(2, 3, 8), data(2, 2, 4, 4), data(2, 2, 4, 4)],
    attributes: heads,
  },
  {
    name: "keys and values after others",
    type: "MultiHeadAttention",
    operands: [
      data(2, 3, 8),
      data(2, 3, 8),
      data(2, 3, 8),
      undefined,
      undefined,
      undefined,
      data(2, 2, 5, 4),
      data(2, 2, 5, 4),
    ],
    attributes: heads,
    results: ["f32", "f32", "f32"],
  },
  {
    name: "quantized attention",
    type: "QAttention",
    operands: [
      bytes("u8", false, 2, 3, 8),
      bytes("i8", true, 8, 24),
      weights(24),
      scalar("f32", 0.02),
      scalar("f32", 0.01),
      whole([2, 3], 1, 1, 0, 1, 1, 1),
      scalar("u8", 128),
      scalar("i8", 0),
    ],
    attributes: heads,
  },
  {
    name: "embeddings",
    type: "EmbedLayerNormalization",
    operands: [
      whole([2, 3], 4, 0, 2, 1, 1, 3),
      whole([2, 3], 0, 0, 1, 0, 1, 1),
      weights(5, 4),
      weights(6, 4),
      weights(2, 4),
      weights(4),
      weights(4),
      whole([2, 3], 1, 1, 0, 1, 1, 1),
    ],
    attributes: { epsilon: 0.001 },
    results: ["f32", "i32"],
  },
  {
    name: "embeddings without segments",
    type: "EmbedLayerNormalization",
    operands: [
      whole([2, 3], 4, 0, 2, 1, 1, 3),
      undefined,
      weights(5, 4),
      weights(6, 4),
      undefined,
      weights(4),
      weights(4),
    ],
    results: ["f32", "i32"],
  },
  {
    name: "quantized embeddings",
    type: "QEmbedLayerNormalization",
    operands: [
      whole([2, 3], 4, 0, 2, 1, 1, 3),
      whole([2, 3], 0, 0, 1, 0, 1, 1),
      table(5),
      table(6),
      table(2),
      bytes("u8", true, 4),
      bytes("u8", true, 4),
      whole([2, 3], 1, 1, 0, 1, 1, 1),
      ...[0.02, 0.01, 0.03, 0.02, 0.01].map((step) => scalar("f32", step)),
      ...[120, 118, 130, 110, 125].map((zero) => scalar("u8", zero)),
    ],
    attributes: { epsilon: 0.001 },
    results: ["f32", "i32"],
  },
  { name: "gelu of a sum", type: "BiasGelu", operands: [data(2, 3, 4), weights(4)] },
  { name: "fast gelu", type: "FastGelu", operands: [data(2, 3, 4), weights(4)] },
  { name: "gelu", type: "Gelu", operands: [data(2, 3)] },
  { name: "quick gelu", type: "QuickGelu", operands: [data(2, 3)], attributes: { alpha: 1.5 } },
  {
    name: "normalization of a sum",
    type: "SkipLayerNormalization",
    operands: [data(2, 3, 4), data(2, 3, 4), weights(4), weights(4), weights(4)],
    attributes: { epsilon: 0.01 },
  },
  {
    name: "normalization of a sum without a mean",
    type: "SkipSimplifiedLayerNormalization",
    operands: [data(2, 3, 4), data(2, 3, 4), weights(4), weights(4)],
    attributes: { epsilon: 0.01 },
  },
  {
    name: "matrices turned and scaled",
    type: "FusedMatMul",
    operands: [data(2, 4, 3), data(2, 5, 4)],
    attributes: { transA: 1, transB: 1, alpha: 0.25 },
  },
];
