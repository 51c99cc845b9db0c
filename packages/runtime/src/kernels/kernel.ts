import {
  type Attributes,
  allocate,
  type DType,
  elementCount,
  fail,
  integerRange,
  type Node,
  type Tensor,
  type Value,
  type ValueType,
} from "@millrace/ir";
import { type Activation, activationRanges } from "@millrace/ops";
import { roundAwayFromZero } from "../arithmetic/fixed-point.ts";
import type { Rounding } from "../arithmetic/multiplier.ts";
import type { Scratch } from "./scratch.ts";

/** Which runtime's integers are reproduced where the two differ: full TFLite (LiteRT) or TFLite Micro. */
export type Flavor = "tflite" | "tflm";

/** What all kernels of one engine share. */
export interface KernelContext {
  readonly rounding: Rounding;
  readonly flavor: Flavor;
  readonly scratch: Scratch;
  /** What computes operators of which only others know the meaning, by their names. */
  readonly kernels?: Readonly<Record<string, KernelFactory>>;
}

/**
 * Computes a node's results; made once for a node, run many times. The output types and attributes are the node's
 * with every symbolic size bound. Inputs are never written to; results may share storage with inputs.
 */
export type Kernel = (
  inputs: readonly (Tensor | undefined)[],
  outputs: readonly ValueType[],
  attributes: Attributes,
) => readonly Tensor[];

/** Prepares a node: multipliers, tables, clamp ranges and arranged weights. */
export type KernelFactory = (node: Node, context: KernelContext) => Kernel;

/** Why an operator has no integer kernel; without a reason of its own, its quantization rule says why. */
export interface Unsupported {
  readonly unsupported: string | undefined;
}

export function unsupported(why?: string): Unsupported {
  return { unsupported: why };
}

/** Storage of quantized values of up to 32 bits. */
export type IntegerData = Int8Array | Uint8Array | Int16Array | Int32Array;

/** How the integers of one value stand for reals, and the range of their type. */
export interface Affine {
  readonly dtype: DType;
  readonly scale: number;
  readonly zeroPoint: number;
  readonly minimum: number;
  readonly maximum: number;
}

/** Element types of quantized data. */
export const quantizedTypes: readonly DType[] = ["i8", "u8", "i16"];

/** The parameters of a value quantized as a whole, in one of the given types. */
export function affineOf(value: Value | undefined, node: Node, dtypes = quantizedTypes): Affine {
  const quantization = value?.type.quantization;
  const at = { node: node.name, ...(value && { value: value.name }) };
  const subject = `${node.op.name} "${node.name}" needs ${value?.name ?? "an input"}`;
  if (value === undefined || quantization === undefined || quantization.axis !== undefined) {
    fail("runtime.quantization", `${subject} quantized with one scale for the whole tensor.`, {
      at,
      hint: "Quantize the whole graph, or none of it.",
    });
  }
  const { dtype } = value.type;
  if (!dtypes.includes(dtype)) {
    fail("runtime.quantized-type", `${subject} as ${dtypes.join(", ")}, not ${dtype}.`, {
      at,
      hint: "Requantize the value, or leave this node in float.",
    });
  }
  const [minimum, maximum] = integerRange(dtype);
  return { dtype, scale: quantization.scale[0], zeroPoint: quantization.zeroPoint[0], minimum, maximum };
}

/** Stored integers between which a real range [low, high] is clamped: zeroPoint + round(x / scale) in float32. */
export function clampTo(affine: Affine, [low, high]: readonly [number, number]): readonly [number, number] {
  const stored = (x: number) => affine.zeroPoint + roundAwayFromZero(Math.fround(x / affine.scale));
  return [
    low === Number.NEGATIVE_INFINITY ? affine.minimum : Math.max(affine.minimum, stored(Math.fround(low))),
    high === Number.POSITIVE_INFINITY ? affine.maximum : Math.min(affine.maximum, stored(Math.fround(high))),
  ];
}

/** Stored integers between which the node's fused activation clamps its result. */
export function activationClamp(affine: Affine, { attributes }: Node): readonly [number, number] {
  return clampTo(affine, activationRanges[(attributes.activation ?? "none") as Activation]);
}

/** The nearest integer that the value's type can hold. */
export function clampToType(stored: number, { minimum, maximum }: Affine): number {
  return Math.max(minimum, Math.min(maximum, stored));
}

/** Whether two values stand for reals in the same way. */
export function sameSteps(a: Affine, b: Affine): boolean {
  return a.scale === b.scale && a.zeroPoint === b.zeroPoint;
}

/** The stored integers of a quantized tensor. */
export function integersOf(tensor: Tensor | undefined): IntegerData {
  return (tensor as Tensor).data as IntegerData;
}

/** A result tensor and its storage, to be filled. */
export function resultOf(type: ValueType): { readonly tensor: Tensor; readonly data: IntegerData } {
  const shape = type.shape as readonly number[];
  const data = allocate(type.dtype, elementCount(shape));
  return { tensor: { dtype: type.dtype, shape, data }, data: data as IntegerData };
}
