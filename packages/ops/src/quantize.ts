import {
  type DType,
  entryCount,
  entryOf,
  fromNumbers,
  integerRange,
  isFloat,
  isInteger,
  mayEqual,
  numbersOf,
  type Quantization,
  type Tensor,
  type ValueType,
} from "@millrace/ir";
import { elementType, integer, integers, oneOf, reals } from "./attributes.ts";
import { defineOp, one } from "./define.ts";
import { f32, i8 } from "./literal.ts";
import { within } from "./sizes.ts";
import { slicedAcross, slicedAlike } from "./slicing.ts";
import { alongside, movedAxis } from "./transposing.ts";
import { roundHalfToEven } from "./unary.ts";

const integerTypes = ["i2", "u2", "i4", "i8", "i16", "i32", "u4", "u8", "u16"] as const;

function quantizationOf(scale: readonly number[], zeroPoint: readonly number[], axis: number): Quantization {
  return { scale: scale.map(Math.fround), zeroPoint, ...(axis >= 0 && { axis }) };
}

const roundings = { away: roundAway, even: roundHalfToEven } as const;

/** Nearest integer, halves away from zero. */
function roundAway(value: number): number {
  return Math.sign(value) * Math.floor(Math.abs(value) + 0.5);
}

/** The real numbers that a tensor's integers stand for by the quantization of their type, in float32. */
export function realsOf(x: Tensor, type: ValueType | undefined): ArrayLike<number> {
  const stored = numbersOf(x);
  if (isFloat(x.dtype)) return stored;
  const quantization = type?.quantization;
  if (quantization === undefined) throw new Error("integers can't be read as reals without their type's quantization");
  const { scale, zeroPoint } = quantization;
  const entry = entryOf(x.shape, quantization);
  const result = new Float32Array(stored.length);
  for (let at = 0; at < result.length; at++) {
    const index = entry(at);
    result[at] = scale[index] * (stored[at] - zeroPoint[index]);
  }
  return result;
}

/** Stored integers: x / scale in float32, rounded, plus zeroPoint, clamped to the type. */
export function storedOf(
  x: ArrayLike<number>,
  shape: readonly number[],
  dtype: DType,
  quantization: Quantization,
  rounding: keyof typeof roundings,
): Tensor {
  const { scale, zeroPoint } = quantization;
  const [low, high] = integerRange(dtype);
  const entry = entryOf(shape, quantization);
  const round = roundings[rounding];
  const result = new Float64Array(x.length);
  for (let at = 0; at < result.length; at++) {
    const index = entry(at);
    const stored = round(Math.fround(x[at] / scale[index])) + zeroPoint[index];
    result[at] = Math.min(high, Math.max(low, stored));
  }
  return fromNumbers(dtype, shape, result);
}

const quantizable = ({ type }: { readonly type: ValueType }) => isFloat(type.dtype) || type.quantization !== undefined;

function hasFittingScales({ shape, quantization }: ValueType): boolean {
  const count = quantization && entryCount(shape, quantization);
  return count !== undefined && mayEqual(count, quantization!.scale.length);
}

/**
 * Reals to the integers that stand for them, or integers to those of other parameters: round(x / scale) + zeroPoint, per tensor
 * (axis -1) or for each index of axis. Halves are rounded away from zero as in TFLite, or to even as in ONNX.
 */
export const quantize = defineOp({
  name: "quantize",
  inputs: { x: one("f32", ...integerTypes) },
  attributes: { dtype: elementType, scale: reals, zeroPoint: integers, axis: integer, rounding: oneOf("away", "even") },
  quantization: { kind: "free" },
  check: [
    ["integers of x stand for reals", ({ x }) => quantizable(x)],
    ["dtype is an integer type", (_, { dtype }) => isInteger(dtype)],
    ["scales are positive and finite", (_, { scale }) => scale.every((step) => step > 0 && Number.isFinite(step))],
    [
      "there is one zero point for each scale, within the range of dtype",
      (_, { dtype, scale, zeroPoint }) => {
        const [low, high] = integerRange(dtype);
        return scale.length === zeroPoint.length && zeroPoint.every((zero) => zero >= low && zero <= high);
      },
    ],
    ["axis is -1 or within the rank of x", ({ x }, { axis }) => axis === -1 || within(axis, x.type.shape)],
    [
      "there is one scale, or one for each index of axis",
      ({ x }, { scale, axis }) => mayEqual(axis === -1 ? 1 : x.type.shape[axis], scale.length),
    ],
  ],
  infer: ({ x }, { dtype, scale, zeroPoint, axis }) => ({
    dtype,
    shape: x.type.shape,
    quantization: quantizationOf(scale, zeroPoint, axis),
  }),
  transposed: (_, { axis, ...rest }, permutation) => ({
    attributes: { ...rest, axis: axis === -1 ? -1 : movedAxis(axis, permutation) },
    inputs: [permutation],
    outputs: [permutation],
  }),
  sliced: ({ x }, attributes, range) => slicedAcross([x], attributes, range),
  evaluate: ({ x }, { dtype, scale, zeroPoint, axis, rounding }, _, types) =>
    storedOf(realsOf(x, types.x), x.shape, dtype, quantizationOf(scale, zeroPoint, axis), rounding),
  samples: [
    {
      name: "halves away from zero, clamped",
      attributes: { dtype: "i8", scale: [0.5], zeroPoint: [3], axis: -1, rounding: "away" },
      inputs: [f32([0, 0.25, -0.25, 1, 1000, -1000])],
      outputs: [i8([3, 4, 2, 5, 127, -128])],
    },
    {
      name: "for each row",
      attributes: { dtype: "i8", scale: [1, 0.25], zeroPoint: [0, 0], axis: 0, rounding: "away" },
      inputs: [
        f32([
          [2, -3],
          [2, -3],
        ]),
      ],
      outputs: [
        i8([
          [2, -3],
          [8, -12],
        ]),
      ],
    },
    {
      name: "to other parameters",
      attributes: { dtype: "i8", scale: [2], zeroPoint: [-1], axis: -1, rounding: "away" },
      inputs: [i8([10, 12, 4])],
      quantizations: [{ scale: [0.5], zeroPoint: [4] }],
      outputs: [i8([1, 1, -1])],
    },
  ],
});

/** The real numbers that integers stand for: (x - zeroPoint) · scale with the parameters of x's type. */
export const dequantize = defineOp({
  name: "dequantize",
  inputs: { x: one(...integerTypes) },
  attributes: {},
  quantization: { kind: "float", why: "its result is real numbers" },
  check: [
    ["integers of x stand for reals", ({ x }) => quantizable(x)],
    ["x has one scale, or one for each index or block of their axis", ({ x }) => hasFittingScales(x.type)],
  ],
  infer: ({ x }) => ({ dtype: "f32", shape: x.type.shape }),
  transposed: ({ x }, attributes, permutation) =>
    x.type.quantization?.block === undefined ? alongside(1, attributes, permutation) : undefined,
  sliced: ({ x }, attributes, range) =>
    x.type.quantization?.axis === undefined ? slicedAlike([x], attributes, range) : undefined,
  evaluate: ({ x }, _, __, types) => fromNumbers("f32", x.shape, realsOf(x, types.x)),
  samples: [
    {
      name: "one scale",
      attributes: {},
      inputs: [
        i8([
          [3, 4],
          [-128, 127],
        ]),
      ],
      quantizations: [{ scale: [0.5], zeroPoint: [3] }],
      outputs: [
        f32([
          [0, 0.5],
          [-65.5, 62],
        ]),
      ],
    },
    {
      name: "for each column",
      attributes: {},
      inputs: [
        i8([
          [2, 2],
          [-3, -3],
        ]),
      ],
      quantizations: [{ scale: [1, 0.25], zeroPoint: [0, 0], axis: 1 }],
      outputs: [
        f32([
          [2, 0.5],
          [-3, -0.75],
        ]),
      ],
    },
    {
      name: "for two columns of a row each",
      attributes: {},
      inputs: [
        i8([
          [2, 2, 2, 2],
          [-3, -3, -3, -3],
        ]),
      ],
      quantizations: [{ scale: [1, 0.25, 2, 4], zeroPoint: [0, 0, 0, 1], axis: 1, block: 2 }],
      outputs: [
        f32([
          [2, 2, 0.5, 0.5],
          [-6, -6, -16, -16],
        ]),
      ],
    },
  ],
});
