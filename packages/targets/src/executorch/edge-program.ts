import type { DType, Tensor } from "@millrace/ir";

/** A tensor that an Edge program computes, takes or holds. */
export interface EdgeTensor {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** What a parameter holds. */
  readonly constant?: Tensor;
}

export type EdgeArgument =
  | EdgeTensor
  | null
  | number
  | boolean
  | string
  | readonly number[]
  | readonly (EdgeTensor | null)[];

/** One call of a functional operator such as `aten.convolution.default`. */
export interface EdgeCall {
  readonly operator: string;
  /** In the order of the operator's schema; what is left out at the end has its default. */
  readonly positional: readonly EdgeArgument[];
  readonly keywords: Readonly<Record<string, EdgeArgument>>;
  /** What the schema returns: a list is as many tensors. */
  readonly results: readonly EdgeTensor[];
  /** The source model's layers that it came from. */
  readonly origin: readonly string[];
}

/** A part that a back end computes. */
export interface EdgeDelegation {
  readonly backend: string;
  readonly processed: Uint8Array;
  readonly inputs: readonly EdgeTensor[];
  readonly results: readonly EdgeTensor[];
  readonly origin: readonly string[];
}

/** A program in ExecuTorch's Edge dialect: functional operators of the core ATen set on tensors of known sizes, channel-first. */
export interface EdgeProgram {
  readonly name: string;
  readonly inputs: readonly EdgeTensor[];
  readonly steps: readonly (EdgeCall | EdgeDelegation)[];
  readonly outputs: readonly EdgeTensor[];
}

export function isDelegation(step: EdgeCall | EdgeDelegation): step is EdgeDelegation {
  return "backend" in step;
}

/** Whether an argument is one tensor. */
export function isTensor(argument: EdgeArgument): argument is EdgeTensor {
  return argument !== null && typeof argument === "object" && "dtype" in argument;
}

/** Codes of element types as ExecuTorch counts them. Source: c10's ScalarType. */
export const scalarTypes: Readonly<Partial<Record<DType, number>>> = {
  u8: 0,
  i8: 1,
  i16: 2,
  i32: 3,
  i64: 4,
  f16: 5,
  f32: 6,
  f64: 7,
  bool: 11,
  bf16: 15,
  u16: 27,
  u32: 28,
  u64: 29,
};
