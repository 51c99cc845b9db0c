import { type DType, elementCount, fromNumbers, isStatic, numbersOf, type Value } from "@millrace/ir";
import { abs, add, ceil, clamp, div, floor, greaterEqual, mul, round, select, sign, sub } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { convolutions } from "./convolution.ts";
import { type Formula, formulaOf } from "./formula.ts";
import { channelsLast } from "./fused.ts";
import { normalizations } from "./normalization.ts";
import { pooling } from "./pooling.ts";
import { dequantized, type Parameters, quantized } from "./quantization-parameters.ts";

/** How a number becomes whole, by the names of QONNX. */
const roundings: Readonly<Record<string, (of: Formula, x: Value) => Value>> = {
  ROUND: (of, x) => of(round, x),
  HALF_EVEN: (of, x) => of(round, x),
  CEIL: (of, x) => of(ceil, x),
  FLOOR: (of, x) => of(floor, x),
  UP: (of, x) => of(mul, of(sign, x), of(ceil, of(abs, x))),
  DOWN: (of, x) => of(mul, of(sign, x), of(floor, of(abs, x))),
  ROUND_TO_ZERO: (of, x) => of(mul, of(sign, x), of(floor, of(abs, x))),
  HALF_UP: (of, x) => of(mul, of(sign, x), of(floor, of(add, of(abs, x), 0.5))),
  HALF_DOWN: (of, x) => of(mul, of(sign, x), of(ceil, of(sub, of(abs, x), 0.5))),
};

/** Floats hold whole numbers of up to this many bits. */
const mostBits = 24;

function roundingOf(node: SourceNode, fallback: string): (of: Formula, x: Value) => Value {
  const mode = node.attributes.text("rounding_mode", fallback).toUpperCase();
  if (Object.hasOwn(roundings, mode)) return roundings[mode];
  return node.unsupported(`rounding_mode is ${mode}`, `Use one of ${Object.keys(roundings).join(", ")}.`);
}

function bitsOf(node: SourceNode, index: number): number {
  const [bits] = node.numbers(index);
  if (bits > 0 && bits <= mostBits) return bits;
  return node.unsupported(`it has ${bits} bits`, `Use up to ${mostBits} bits, which a float holds exactly.`);
}

interface Grid {
  readonly dtype: DType;
  readonly bits: number;
  readonly lowest: number;
  readonly highest: number;
}

/** The integers of so many bits. A narrow range leaves out the lowest signed one, or the highest of those without a sign. */
function gridOf(node: SourceNode): Grid {
  const bits = bitsOf(node, 3);
  const [signed, narrow] = ["signed", "narrow"].map((name, index) => node.attributes.flag(name, index === 0));
  return signed
    ? { dtype: "i8", bits, lowest: Number(narrow) - 2 ** (bits - 1), highest: 2 ** (bits - 1) - 1 }
    : { dtype: "u8", bits, lowest: 0, highest: 2 ** bits - 1 - Number(narrow) };
}

/** The parameters of bytes, if there is one scale for all data or for each index of one axis, and the zero point is such a byte. */
function byteParameters(node: SourceNode, { bits, lowest, highest }: Grid): Parameters | undefined {
  const [scale, zeroPoint] = [node.input(1), node.input(2)];
  if (bits > 8 || !node.isConstant(scale) || !node.isConstant(zeroPoint) || !isStatic(scale.type.shape))
    return undefined;
  const steps = node.numbers(1);
  const [zero, ...others] = new Set(node.numbers(2));
  const axis = scale.type.shape.findIndex((size) => size > 1);
  const isAlongOne = steps.length === 1 || scale.type.shape[axis] === elementCount(scale.type.shape);
  if (!isAlongOne || others.length > 0 || !Number.isInteger(zero) || zero < lowest || zero > highest) return undefined;
  const { dtype } = gridOf(node);
  const list = (type: DType, numbers: readonly number[]) =>
    node.constant(fromNumbers(type, numbers.length === 1 ? [] : [numbers.length], numbers));
  return {
    scale: list("f32", steps),
    zeroPoint: list(
      dtype,
      steps.map(() => zero),
    ),
    axis: axis - scale.type.shape.length,
    blockSize: 0,
  };
}

/**
 * Reals held on a grid of few bits. Weights become the bytes that they are on it. Other data pass through bytes, unless the steps are powers of
 * two: then sums of products often fall halfway between two steps, where targets that round halves away from zero would be a step off.
 */
function quantization(node: SourceNode): Value {
  const of = formulaOf(node);
  const [x, scale, zeroPoint] = [0, 1, 2].map((index) => node.input(index));
  const grid = gridOf(node);
  const rounding = roundingOf(node, "ROUND");
  const parameters = byteParameters(node, grid);
  const { lowest: minimum, highest: maximum, dtype } = grid;
  if (parameters && rounding === roundings["ROUND"] && passesBytes(node, x, parameters)) {
    const [[step], [zero]] = [node.numbers(1), node.numbers(2)];
    const bounds = { minimum: (minimum - zero) * step, maximum: (maximum - zero) * step };
    return dequantized(node, quantized(node, node.compute(clamp, [x], bounds), dtype, parameters), parameters);
  }
  const steps = rounding(of, of(add, of(div, x, scale), zeroPoint));
  const held = node.compute(clamp, [steps], { minimum, maximum });
  if (!parameters || !node.isConstant(held)) return of(mul, of(sub, held, zeroPoint), scale);
  const { shape, ...stored } = node.constantTensor(held, "its data");
  return dequantized(node, node.constant(fromNumbers(dtype, shape, numbersOf({ shape, ...stored }))), parameters);
}

function passesBytes(node: SourceNode, x: Value, { scale }: Parameters): boolean {
  return !node.isConstant(x) && scale.type.shape.length === 0 && !Number.isInteger(Math.log2(node.numbers(1)[0]));
}

/** The scale with the data's sign, that of 0 being positive. */
function bipolar(node: SourceNode): Value {
  const of = formulaOf(node);
  const [x, scale] = [node.input(0), node.input(1)];
  return of(mul, of(select, of(greaterEqual, x, 0), 1, node.scalar(-1)), scale);
}

/** Data on a grid, on a coarser one: the lowest bits are dropped. */
function truncation(node: SourceNode): Value {
  if (node.has(5)) node.unsupported("it is of version 2 of QONNX", "Export the model with version 1 of QONNX.");
  const of = formulaOf(node);
  const [x, scale, zeroPoint] = [0, 1, 2].map((index) => node.input(index));
  const [before, after] = [bitsOf(node, 3), bitsOf(node, 4)];
  const whole = of(round, of(add, of(div, x, scale), zeroPoint));
  const kept = roundingOf(node, "FLOOR")(of, of(div, whole, 2 ** (before - after)));
  return of(mul, of(sub, kept, zeroPoint), scale);
}

const operators: Readonly<Record<string, Importer>> = {
  Quant: quantization,
  BipolarQuant: bipolar,
  Trunc: truncation,
};

const lastOperators: Readonly<Record<string, Importer>> = {
  Conv: channelsLast(convolutions["Conv"], 2),
  MaxPool: channelsLast(pooling["MaxPool"]),
  BatchNormalization: channelsLast(normalizations["BatchNormalization"]),
};

const named = (domain: string, importers: Readonly<Record<string, Importer>>) =>
  Object.entries(importers).map(([name, importer]) => [`${domain}.${name}`, importer] as const);

/** QONNX's operators, under the names of the domains that tools write them with. */
export const arbitraryPrecision: Readonly<Record<string, Importer>> = Object.fromEntries([
  ...named("qonnx.custom_op.channels_last", lastOperators),
  ...["qonnx.custom_op.general", "onnx.brevitas", "finn.custom_op.general"].flatMap((domain) =>
    named(domain, operators),
  ),
]);
