import { scalarTypes } from "@millrace/formats/pte";
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

/** Whoever computes delegated parts of a program, and what it was asked for, in its own words. */
export interface EdgeBackend {
  readonly id: string;
  readonly compileSpecs?: readonly { readonly key: string; readonly value: string }[];
}

/** A part that a back end computes. */
export interface EdgeDelegation {
  readonly backend: EdgeBackend;
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

/** Tensors that a step reads. */
export function tensorsRead(step: EdgeCall | EdgeDelegation): readonly EdgeTensor[] {
  if (isDelegation(step)) return step.inputs;
  return [...step.positional, ...Object.values(step.keywords)].flatMap((argument) =>
    (Array.isArray(argument) ? argument : [argument]).filter((item): item is EdgeTensor => isTensor(item)),
  );
}

/** What ExecuTorch calls the element types that it has. */
export const scalarTypeNames = {
  u8: "BYTE",
  i8: "CHAR",
  i16: "SHORT",
  i32: "INT",
  i64: "LONG",
  f16: "HALF",
  f32: "FLOAT",
  f64: "DOUBLE",
  bool: "BOOL",
  bf16: "BFLOAT16",
  u16: "UINT16",
  u32: "UINT32",
  u64: "UINT64",
} as const satisfies Partial<Record<DType, keyof typeof scalarTypes>>;

/** ExecuTorch's code of an element type that it has. */
export function scalarTypeOf(dtype: DType): number {
  return scalarTypes[scalarTypeNames[dtype as keyof typeof scalarTypeNames]];
}
