import type {
  BuiltinOptions,
  Operator as StoredOperator,
  Tensor as StoredTensor,
  SubGraph,
  TfliteModel,
} from "@millrace/formats/tflite";
import {
  type Diagnostic,
  type Dimension,
  fail,
  type Graph,
  normalizeAxis,
  numbersOf,
  printShape,
  symbol,
  type Tensor,
  type Value,
} from "@millrace/ir";
import { storedConstant } from "./constants.ts";
import { tensorName, typeOf } from "./tensors.ts";

/** What is known while a file is imported. */
export interface Scope {
  readonly model: TfliteModel;
  readonly subgraph: SubGraph;
  /** Those whose operators led to this one, outermost first. */
  readonly path: readonly SubGraph[];
  /** How many more operators may be imported; a file can name the same subgraph many times. */
  readonly budget: { operators: number };
  /** All subgraphs that were looked at. */
  readonly reached: Set<SubGraph>;
  /** Imports the operators of a scope's subgraph. Throws a DiagnosticError with all problems. */
  importOperators(scope: Scope): void;
  readonly graph: Graph;
  /** Values by tensor number, as far as they are there. */
  readonly values: (Value | undefined)[];
  /** Weights and biases in the form of the graph, by the operand or the tensor they were made of. */
  readonly adapted: Map<Value | StoredTensor, Value>;
  readonly diagnostics: Diagnostic[];
  /** Sizes that the file has where they are open, by name; undefined if other sizes were given than those of the file. */
  readonly fileSizes: ReadonlyMap<string, number> | undefined;
  /** What is kept from run to run, by the inputs of the graph that stand for it. */
  readonly states: Map<Value, Kept>;
  readonly variables: Variables;
  /** How many sizes there are, in all subgraphs, that only data decides. */
  readonly openSizes: { count: number };
}

/** What an input of the graph becomes by the end of a run, and what it is before the first. */
export interface Kept {
  readonly after: Value;
  readonly initial?: Tensor | undefined;
}

/** Resource variables, by the names that handles share. */
export interface Variables {
  /** Names by the numbers of the tensors that hold a handle. */
  readonly handles: Map<number, string>;
  /** Inputs of the graph for those that are read before they are assigned. */
  readonly inputs: Map<string, Value>;
  /** What each holds at the operator that is looked at. */
  readonly current: Map<string, Value>;
  /** What each holds before the first run. */
  readonly initial: Map<string, Tensor>;
}

/** One operator of the file: what importers read from and what they make nodes for. */
export interface Call {
  readonly scope: Scope;
  readonly builtin: string;
  /** Its place among the operators. */
  readonly index: number;
  readonly stored: StoredOperator;
  /** Name of the tensor it makes first. */
  readonly name: string;
}

/** Ends the import of an operator. */
export function refuse(call: Call, code: string, why: string, hint = "The file is damaged; export it again."): never {
  fail(code, `Operator ${call.index} (${call.builtin}), which makes "${call.name}": ${why}.`, {
    at: { node: call.name },
    hint,
  });
}

/** Ends the import of an operator that contradicts the format. */
export function invalid(call: Call, why: string): never {
  refuse(call, "tflite.invalid-operator", why);
}

/** The value of an operand that must be there. */
export function input(call: Call, position: number): Value {
  return optionalInput(call, position) ?? invalid(call, `its input ${position} is missing`);
}

/** The value of an operand, or undefined where it is left out. */
export function optionalInput({ scope, stored }: Call, position: number): Value | undefined {
  const index = stored.inputs[position] ?? -1;
  return index < 0 ? undefined : valueAt(scope, index);
}

/** All operands. */
export function allInputs(call: Call): Value[] {
  return call.stored.inputs.map((_, position) => input(call, position));
}

/** A variable tensor, which keeps its value from run to run, as an input of the graph. */
export function stateInput(call: Call, position: number): Value {
  const { scope, stored } = call;
  const index = stored.inputs[position] ?? -1;
  const tensor = scope.subgraph.tensors[index];
  if (!tensor?.isVariable) invalid(call, `its input ${position} is no variable tensor`);
  if (scope.values[index]) invalid(call, `its state "${scope.values[index].name}" is that of another operator too`);
  const name = tensorName(tensor, index);
  const value = scope.graph.addInput(name, typeOf(tensor, name));
  scope.values[index] = value;
  return value;
}

/** A value with four axes of known size. */
export type ImageValue = Value & { readonly type: { readonly shape: readonly number[] } };

/** An operand with four axes. */
export function imageInput(call: Call, position: number): ImageValue {
  const value = input(call, position);
  if (value.type.shape.length !== 4) {
    invalid(call, `its input ${position} has the shape ${printShape(value.type.shape)} instead of four axes`);
  }
  return value as ImageValue;
}

/** An operand that must be constant. */
export function constantInput(call: Call, position: number): Tensor {
  const { constant } = input(call, position);
  if (constant === undefined) {
    const hint = "Export the model with fixed shapes.";
    refuse(call, "tflite.not-constant", `its input ${position} is computed, but must be known now`, hint);
  }
  return constant;
}

/** The numbers of a constant operand of whole numbers. */
export function integerInput(call: Call, position: number): readonly number[] {
  const tensor = constantInput(call, position);
  if (tensor.dtype !== "i32" && tensor.dtype !== "i64")
    invalid(call, `its input ${position} is ${tensor.dtype}, not i32`);
  return Array.from(numbersOf(tensor));
}

/** The only number of a constant operand, as an axis of a value with `rank` axes. */
export function axisInput(call: Call, position: number, rank: number): number {
  const [axis, ...others] = integerInput(call, position);
  if (axis === undefined || others.length > 0) invalid(call, `its input ${position} is not one number`);
  return checkedAxis(call, axis, rank);
}

/** `axis` counted from the front. */
export function checkedAxis(call: Call, axis: number, rank: number): number {
  const normal = normalizeAxis(axis, rank);
  if (!(normal >= 0 && normal < rank)) invalid(call, `axis ${axis} is not one of the ${rank} axes`);
  return normal;
}

/** The operator's options, which must be of the named kind where they are there. */
export function optionsOf<K extends BuiltinOptions["kind"]>(
  call: Call,
  kind: K,
): Extract<BuiltinOptions, { readonly kind: K }> | undefined {
  const options = call.stored.builtinOptions;
  if (options !== undefined && options.kind !== kind) invalid(call, `its options are ${options.kind}, not ${kind}`);
  return options as Extract<BuiltinOptions, { readonly kind: K }> | undefined;
}

/** The operator's options, which must be there. */
export function neededOptions<K extends BuiltinOptions["kind"]>(call: Call, kind: K) {
  return optionsOf(call, kind) ?? invalid(call, "its options are missing");
}

/** The type that the file states for a result. */
export function statedType(call: Call, position = 0): ReturnType<typeof typeOf> {
  const index = call.stored.outputs[position] ?? -1;
  const tensor = call.scope.subgraph.tensors[index];
  if (tensor === undefined) invalid(call, `its output ${position} is missing`);
  return typeOf(tensor, tensorName(tensor, index));
}

/** A name for a size that only the data decides. */
export function freshSize({ scope, name }: Call): Dimension {
  return `${symbol(name)}.${scope.openSizes.count++}`;
}

/** The shape that the file states for a result, where nothing else says what it is. */
export function statedShape(call: Call): readonly number[] {
  if (call.scope.fileSizes?.size === 0) return statedType(call).shape;
  const hint = "Leave the inputs as they are in the file.";
  return refuse(call, "tflite.not-constant", "its shape is computed, so that it can't be had for other sizes", hint);
}

/** The value of a tensor: one already there or a constant of the file. */
export function valueAt(scope: Scope, index: number): Value {
  const known = scope.values[index];
  if (known) return known;
  const tensor = scope.subgraph.tensors[index];
  const name = tensorName(tensor, index);
  const at = { value: name };
  if (tensor.isVariable) {
    fail("tflite.variable", `Tensor "${name}" keeps its value from run to run, which can't be represented.`, {
      at,
      hint: "Export the model with its state as inputs and outputs.",
    });
  }
  if (tensor.externalBuffer > 0) {
    fail("tflite.unsupported-storage", `Tensor "${name}" is stored outside of the file.`, {
      at,
      hint: "Export the weights into the file.",
    });
  }
  const stored = storedConstant(scope, index);
  const value = scope.graph.addConstant(name, stored.tensor, stored.quantization);
  scope.values[index] = value;
  return value;
}
