import type { BuiltinOperatorName, TfliteDraft } from "@millrace/formats/tflite";
import type { Graph, Node, Quantization, Tensor, Value, ValueType } from "@millrace/ir";
import type { Activation } from "@millrace/ops";

export type OptionsDraft = NonNullable<TfliteDraft<"Operator">["builtinOptions"]>;

/** A constant that only the file has, such as a shape or a list of axes; a scalar has no axis. */
export interface IntegerOperand {
  readonly kind: "integers";
  readonly values: readonly number[];
  readonly shape: readonly number[];
}

/** A constant of the graph with its axes in another order. */
export interface PermutedOperand {
  readonly kind: "permuted";
  readonly value: Value;
  readonly permutation: readonly number[];
}

/** A constant made for one operator. */
export interface TensorOperand {
  readonly kind: "tensor";
  readonly name: string;
  readonly tensor: Tensor;
  readonly quantization?: Quantization;
}

export type Operand = Value | IntegerOperand | PermutedOperand | TensorOperand | undefined;

/** What a node is in the file. */
export interface LoweredOperator {
  readonly builtin: BuiltinOperatorName;
  /** Code and options of a CUSTOM operator. */
  readonly custom?: { readonly code: string; readonly options: Uint8Array };
  readonly operands: readonly Operand[];
  /** Those of the node without it. */
  readonly results?: readonly Value[];
  /** Types of tensors that say how values within the operator are stored; undefined for a place that says nothing. */
  readonly intermediates?: readonly (ValueType | undefined)[];
  readonly options?: OptionsDraft;
  /** Graphs that become subgraphs, and the options made of their numbers. */
  readonly bodies?: readonly Graph[];
  optionsFor?(subgraphs: readonly number[]): OptionsDraft;
}

/** Says what one node is in the file; only asked of nodes that keep all constraints. */
export type Lowering = (node: Node) => LoweredOperator;

/** An operator that the file format can't express, and why. */
export interface Unsupported {
  readonly unsupported: string;
}

export function unsupported(why: string): Unsupported {
  return { unsupported: why };
}

/** A vector of whole numbers. */
export function integers(values: readonly number[]): IntegerOperand {
  return { kind: "integers", values, shape: [values.length] };
}

/** One whole number. */
export function integer(value: number): IntegerOperand {
  return { kind: "integers", values: [value], shape: [] };
}

/** The node's operands as they are, and no options. */
export function plain(builtin: BuiltinOperatorName): Lowering {
  return ({ inputs }) => ({ builtin, operands: inputs });
}

export const activationNames = {
  none: "NONE",
  relu: "RELU",
  relu6: "RELU6",
  reluN1To1: "RELU_N1_TO_1",
} as const satisfies Record<Activation, string>;
