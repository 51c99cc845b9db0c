import {
  type DType,
  entryCount,
  fromNumbers,
  integerRange,
  isFloat,
  numbersOf,
  perTensor,
  type Quantization,
  type Shape,
  sameQuantization,
  sameShape,
  type Value,
  type ValueType,
} from "@millrace/ir";
import {
  add,
  cast,
  clamp,
  dequantize,
  div,
  expand,
  mul,
  quantize,
  reshape,
  round,
  slice,
  storedOf,
  sub,
} from "@millrace/ops";
import type { SourceNode } from "../source-node.ts";
import { plain } from "./elementwise.ts";

/** How integers of a source node stand for reals, as values; indices of an axis, or blocks of indices, have entries of their own. */
export interface Parameters {
  readonly scale: Value;
  /** Zeros without it. */
  readonly zeroPoint: Value | undefined;
  /** Axis of the integers that a vector of scales belongs to, or along which blocks of `blockSize` lie. */
  readonly axis: number;
  /** Indices that share an entry; 0 where a scale is for the whole tensor or for one index. */
  readonly blockSize: number;
  /** Least and greatest integer, where not all of the type's are used. */
  readonly limits?: readonly [least: number, greatest: number];
}

/** The parameters in the inputs from `first` on: a scale, and a zero point that may be absent. */
export function parametersAt(node: SourceNode, first: number, axis: number, blockSize = 0): Parameters {
  const zeroPoint = node.optional(first + 1);
  if (
    zeroPoint &&
    node.isConstant(zeroPoint) &&
    !node.constantNumbers(zeroPoint, "its zero point").every(Number.isInteger)
  )
    node.invalid("a zero point is no integer");
  return { scale: node.input(first), zeroPoint, axis, blockSize };
}

/** Adds the reals that integers, or floats of few bits, stand for: (x - zeroPoint) · scale. */
export function dequantized(node: SourceNode, x: Value, parameters: Parameters): Value {
  const settled = isFloat(x.type.dtype) ? undefined : settledQuantization(node, x.type, parameters);
  const typed = settled && node.quantized(x, settled);
  if (typed) return node.emit(dequantize, [typed], {});
  const { scale, zeroPoint } = parameters;
  const [stored, step] = [asReal(node, x), spread(node, x.type.shape, scale, parameters)];
  const zero = zeroPoint && spread(node, x.type.shape, asReal(node, zeroPoint), parameters);
  return node.compute(mul, [zero ? node.compute(sub, [stored, zero], plain) : stored, step], plain);
}

/** Adds the integers that stand for reals: round(x / scale) + zeroPoint, halves to even, held within the type and the limits. */
export function quantized(node: SourceNode, x: Value, dtype: DType, parameters: Parameters): Value {
  const limits = narrower(parameters.limits, dtype);
  const settled = settledQuantization(node, { dtype, shape: x.type.shape }, parameters);
  const real = asReal(node, x);
  if (settled && node.isConstant(real)) return storedConstant(node, real, dtype, settled, limits);
  if (settled === undefined || settled.block !== undefined || (limits && settled.axis !== undefined))
    return quantizedInSteps(node, real, dtype, parameters, limits);
  const { scale, zeroPoint, axis = -1 } = settled;
  const held = limits ? heldWithin(node, real, limits, settled) : real;
  return node.emit(quantize, [held], { dtype, scale, zeroPoint, axis, rounding: "even" });
}

function narrower(limits: Parameters["limits"], dtype: DType): Parameters["limits"] {
  const [least, greatest] = integerRange(dtype);
  return limits && (limits[0] > least || limits[1] < greatest) ? limits : undefined;
}

/** Reals held within those that the limits of integers stand for. */
function heldWithin(
  node: SourceNode,
  real: Value,
  limits: readonly [number, number],
  { scale: [scale], zeroPoint: [zero] }: Quantization,
): Value {
  const [minimum, maximum] = limits.map((limit) => (limit - zero) * scale);
  return node.compute(clamp, [real], { minimum, maximum });
}

function quantizedInSteps(
  node: SourceNode,
  real: Value,
  dtype: DType,
  parameters: Parameters,
  limits: Parameters["limits"],
): Value {
  const { scale, zeroPoint } = parameters;
  const { shape } = real.type;
  const steps = node.compute(div, [real, spread(node, shape, scale, parameters)], plain);
  const whole = node.compute(round, [steps], {});
  const zero = zeroPoint && spread(node, shape, asReal(node, zeroPoint), parameters);
  const moved = zero ? node.compute(add, [whole, zero], plain) : whole;
  const stored = limits ? node.compute(clamp, [moved], { minimum: limits[0], maximum: limits[1] }) : moved;
  return node.emit(quantize, [stored], { dtype, scale: [1], zeroPoint: [0], axis: -1, rounding: "even" });
}

/** The integers that stand for constant reals, such as weights that are quantized in the file. */
function storedConstant(
  node: SourceNode,
  real: Value,
  dtype: DType,
  quantization: Quantization,
  limits: Parameters["limits"],
): Value {
  const tensor = node.constantTensor(real, "its data");
  node.reserve(tensor.data.byteLength);
  const stored = storedOf(numbersOf(tensor), tensor.shape, dtype, quantization, "even");
  const [least, greatest] = limits ?? integerRange(dtype);
  const held = Float64Array.from(numbersOf(stored), (number) => Math.min(greatest, Math.max(least, number)));
  return node.quantized(node.constant(fromNumbers(dtype, tensor.shape, held)), quantization)!;
}

/** A value's numbers as reals. */
export function asReal(node: SourceNode, x: Value): Value {
  if (x.type.dtype === "f32") return x;
  const isPlain = sameQuantization(x.type.quantization, perTensor(1, 0));
  return isPlain ? node.emit(dequantize, [x], {}) : node.compute(cast, [x], { to: "f32" });
}

/** The parameters as the integer type has them: constants, for the whole tensor, for each index of an axis or for blocks that fill it; else undefined. */
function settledQuantization(
  node: SourceNode,
  { dtype, shape }: Pick<ValueType, "dtype" | "shape">,
  { scale, zeroPoint, axis: given, blockSize }: Parameters,
): Quantization | undefined {
  if (scale.type.shape.length > (blockSize === 0 ? 1 : shape.length)) return undefined;
  if (![scale, zeroPoint].every((value) => value === undefined || node.isConstant(value))) return undefined;
  const steps = node.constantNumbers(scale, "its scale");
  if (!steps.every((step) => step > 0 && Number.isFinite(step))) node.invalid("a scale is not positive and finite");
  const zeros = zeroPoint ? node.constantNumbers(zeroPoint, "its zero point") : steps.map(() => 0);
  if (zeros.length !== steps.length) node.invalid(`it has ${steps.length} scales and ${zeros.length} zero points`);
  const [low, high] = isFloat(dtype) ? [0, 0] : integerRange(dtype);
  if (!zeros.every((zero) => Number.isInteger(zero) && zero >= low && zero <= high)) return undefined;
  if (steps.length === 1 && blockSize === 0) return { scale: steps, zeroPoint: zeros };
  const axis = node.axis(given, shape.length);
  const parts = { scale: steps, zeroPoint: zeros, axis, ...(blockSize !== 0 && { block: blockSize }) };
  return blockSize === 0 || entryCount(shape, parts) === steps.length ? parts : undefined;
}

/** Parameters that broadcast against data of `shape`. */
function spread(node: SourceNode, shape: Shape, entries: Value, { axis: given, blockSize }: Parameters): Value {
  const { shape: own } = entries.type;
  if (blockSize === 0) {
    if (own.length !== 1 || own[0] === 1)
      return own.length === 1 ? node.compute(reshape, [entries], { shape: [] }) : entries;
    const axis = node.axis(given, shape.length);
    return node.compute(reshape, [entries], { shape: shape.map((_, at) => (at === axis ? own[0] : 1)) });
  }
  const axis = node.axis(given, shape.length);
  const [size, blocks] = [shape[axis], own[axis]];
  if (typeof size === "string" || typeof blocks === "string" || own.length !== shape.length)
    return node.unsupported("the number of its blocks is open", "Give the model's inputs fixed shapes.");
  if (blocks !== Math.ceil(size / blockSize))
    return node.invalid(`it has ${blocks} scales for ${size} indices in blocks of ${blockSize}`);
  const [outer, inner] = [own.slice(0, axis), own.slice(axis + 1)];
  const single = node.compute(reshape, [entries], { shape: [...outer, blocks, 1, ...inner] });
  const repeated = node.compute(expand, [single], { shape: [...outer, blocks, blockSize, ...inner] });
  const joined = node.compute(reshape, [repeated], { shape: [...outer, blocks * blockSize, ...inner] });
  if (sameShape(joined.type.shape, shape)) return joined;
  const steps = shape.map(() => 1);
  return node.compute(slice, [joined], { starts: shape.map(() => 0), sizes: shape, steps });
}
