import { scalarTypes } from "@millrace/formats/pte";
import type { DType, Shape, SizeBounds, Tensor } from "@millrace/ir";

/** A tensor that an Edge program computes, takes or holds. */
export interface EdgeTensor {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  /** Its axes from the outermost in memory to the innermost, where they are not in their own order. */
  readonly dimOrder?: readonly number[];
  /** What a parameter holds, in the order of its axes whatever `dimOrder` is. */
  readonly constant?: Tensor;
}

/** A text where a number is due is an open size. */
export type EdgeArgument = EdgeTensor | null | number | boolean | string | Shape | readonly (EdgeTensor | null)[];

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

/** Steps of which one list is done, as a condition of one element says. The last steps of both write the results. */
export interface EdgeBranch {
  readonly condition: EdgeTensor;
  readonly whenTrue: readonly EdgeStep[];
  readonly whenFalse: readonly EdgeStep[];
  readonly results: readonly EdgeTensor[];
  readonly origin: readonly string[];
}

/**
 * Steps that are repeated as long as `goesOn`, one element that `condition` makes before each round, is true. Steps before the loop give the
 * results their first contents; the last steps of `body` write them again.
 */
export interface EdgeLoop {
  readonly condition: readonly EdgeStep[];
  readonly goesOn: EdgeTensor;
  readonly body: readonly EdgeStep[];
  readonly results: readonly EdgeTensor[];
  readonly origin: readonly string[];
}

/** Another tensor for the same bytes, which nothing has to be done for. */
export interface EdgeView {
  readonly source: EdgeTensor;
  readonly results: readonly [EdgeTensor];
  readonly origin: readonly string[];
}

export type EdgeStep = EdgeCall | EdgeDelegation | EdgeBranch | EdgeLoop | EdgeView;

/** A tensor that keeps its contents from run to run: steps read it, and the last ones write what it holds in the next run. */
export interface EdgeState {
  readonly buffer: EdgeTensor;
  /** What the buffer holds in the first run. */
  readonly initial: Tensor;
}

/** A program in ExecuTorch's Edge dialect: functional operators of the core ATen set, channel-first. */
export interface EdgeProgram {
  readonly name: string;
  readonly inputs: readonly EdgeTensor[];
  readonly states: readonly EdgeState[];
  readonly steps: readonly EdgeStep[];
  readonly outputs: readonly EdgeTensor[];
  /** Of the symbols in shapes and arguments, each of which is an input's size. */
  readonly bounds: SizeBounds;
}

export function isCall(step: EdgeStep): step is EdgeCall {
  return "operator" in step;
}

export function isView(step: EdgeStep): step is EdgeView {
  return "source" in step;
}

export function isDelegation(step: EdgeStep): step is EdgeDelegation {
  return "backend" in step;
}

export function isBranch(step: EdgeStep): step is EdgeBranch {
  return "whenTrue" in step;
}

export function isLoop(step: EdgeStep): step is EdgeLoop {
  return "goesOn" in step;
}

/** Steps and all within them, those of a branch or loop behind it. */
export function* allSteps(steps: readonly EdgeStep[]): Generator<EdgeStep> {
  for (const step of steps) {
    yield step;
    if (isBranch(step)) yield* allSteps([...step.whenTrue, ...step.whenFalse]);
    if (isLoop(step)) yield* allSteps([...step.condition, ...step.body]);
  }
}

/** Whether an argument is one tensor. */
export function isTensor(argument: EdgeArgument): argument is EdgeTensor {
  return argument !== null && typeof argument === "object" && "dtype" in argument;
}

/** Tensors that a step reads; of a branch or loop, what decides. */
export function tensorsRead(step: EdgeStep): readonly EdgeTensor[] {
  if (isBranch(step)) return [step.condition];
  if (isLoop(step)) return [step.goesOn];
  if (isDelegation(step)) return step.inputs;
  if (isView(step)) return [step.source];
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
