import type { BuiltinOptions, Operator as StoredOperator, SubGraph, TfliteModel } from "@millrace/formats/tflite";
import {
  type Attributes,
  type Diagnostic,
  DiagnosticError,
  elementCount,
  fail,
  type Graph,
  isFloat,
  isStatic,
  normalizeAxis,
  numbersOf,
  type Operator,
  printShape,
  sameShape,
  type Tensor,
  type Value,
  type ValueType,
} from "@millrace/ir";
import { type OpName, operators } from "@millrace/ops";
import { constantOf, isPossibleShape, tensorName, typeOf } from "./tensors.ts";

/** What is known while a file is imported. */
export interface Scope {
  readonly model: TfliteModel;
  readonly subgraph: SubGraph;
  readonly graph: Graph;
  /** Values by tensor number, as far as they are there. */
  readonly values: (Value | undefined)[];
  /** Weights and biases in the form of the graph, by the operand they were made of. */
  readonly adapted: Map<Value, Value>;
  readonly diagnostics: Diagnostic[];
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

/** Element type and quantization of a result; its shape is inferred. */
export type Kind = Pick<ValueType, "dtype" | "quantization">;

interface Result extends Kind {
  readonly name: string;
}

/**
 * Integer results up to this many elements are computed at once, as shapes and axes made by operators must be known; and so
 * is what only changes the element type, as weights are stored in half precision or as integers.
 */
const foldedElements = 4096;

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
export function statedType({ scope, stored, ...call }: Call, position = 0): ReturnType<typeof typeOf> {
  const index = stored.outputs[position] ?? -1;
  const tensor = scope.subgraph.tensors[index];
  if (tensor === undefined) invalid({ scope, stored, ...call }, `its output ${position} is missing`);
  return typeOf(tensor, tensorName(tensor, index));
}

/** Adds a node for something the file does in one go with more; its results are of the given kinds and named by the label. */
export function step(
  call: Call,
  op: OpName,
  inputs: readonly Value[],
  attributes: Attributes,
  kinds: readonly Kind[],
  label: string = op,
): Value[] {
  const name = `${call.name}/${label}`;
  const results = kinds.map((kind, index) => ({ ...kind, name: index === 0 ? name : `${name}:${index}` }));
  return add(call, op, inputs, attributes, results);
}

/** Adds the node that makes the operator's results, or those at the given positions. */
export function finish(
  call: Call,
  op: OpName,
  inputs: readonly (Value | undefined)[],
  attributes: Attributes,
  positions: readonly number[] = call.stored.outputs.map((_, position) => position),
): void {
  const results = positions.map((position) => {
    const { dtype, quantization } = statedType(call, position);
    return { name: outputName(call, position), dtype, ...(quantization && { quantization }) };
  });
  const values = add(call, op, inputs, attributes, results);
  for (const [index, position] of positions.entries()) define(call, position, values[index]);
}

/** Makes a constant the operator's result. */
export function finishConstant(call: Call, tensor: Tensor): void {
  const { dtype } = statedType(call);
  if (dtype !== tensor.dtype) invalid(call, `its result is ${tensor.dtype}, but the file says ${dtype}`);
  define(call, 0, call.scope.graph.addConstant(call.name, tensor));
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
  if (tensor.externalBuffer > 0 || tensor.sparsity) {
    const form = tensor.sparsity ? "sparse" : "stored outside of the file";
    fail("tflite.unsupported-storage", `Tensor "${name}" is ${form}.`, {
      at,
      hint: "Export dense weights into the file.",
    });
  }
  const type = typeOf(tensor, name);
  const bytes = scope.model.buffers[tensor.buffer]?.data ?? new Uint8Array();
  if (bytes.length === 0 && elementCount(type.shape) > 0) {
    const message = `Tensor "${name}" is neither an input nor a constant, and no earlier operator makes it.`;
    fail("tflite.no-data", message, { at, hint: "The file is damaged; export it again." });
  }
  const value = scope.graph.addConstant(name, constantOf(type, bytes, name), type.quantization);
  scope.values[index] = value;
  return value;
}

function add(
  call: Call,
  name: OpName,
  inputs: readonly (Value | undefined)[],
  attributes: Attributes,
  results: readonly Result[],
): Value[] {
  const { graph } = call.scope;
  const op = operators.get(name)!;
  const operands = inputs.map((value, index) => asReal(op, value, index));
  const problems = op.check(operands, attributes);
  if (problems.length > 0) invalid(call, problems.join("; "));
  const inferred = op.infer(operands, attributes);
  if (inferred.length !== results.length)
    invalid(call, `it has ${results.length} results instead of ${inferred.length}`);
  const types = inferred.map((type, index) => resultType(call, op, type, results[index]));
  const folded = fold(op, inputs, attributes, types);
  if (folded) return folded.map((tensor, index) => graph.addConstant(results[index].name, tensor));
  const node = graph.addNode({
    op,
    inputs,
    attributes,
    name: results[0].name,
    origin: [call.name],
    outputNames: results.map((result) => result.name),
    outputTypes: types,
  });
  return [...node.outputs];
}

/** Integers that stand for real numbers, seen as those where an operator is described in terms of reals only. */
function asReal(op: Operator, value: Value | undefined, index: number): Value | undefined {
  const { dtypes } = op.inputs[Math.min(index, op.inputs.length - 1)];
  if (!value?.type.quantization || !dtypes || dtypes.includes(value.type.dtype)) return value;
  return { ...value, type: { ...value.type, dtype: "f32" } };
}

function resultType(call: Call, op: Operator, { dtype, shape }: ValueType, kind: Kind): ValueType {
  const real = op.quantization.kind !== "index" && (isFloat(dtype) || dtype === kind.dtype);
  const quantized = kind.quantization && real;
  if (!isPossibleShape(shape)) invalid(call, `its result would have the shape ${printShape(shape)}`);
  if (!quantized && dtype !== kind.dtype) invalid(call, `its result is ${dtype}, but the file says ${kind.dtype}`);
  return { dtype: kind.dtype, shape, ...(quantized && { quantization: kind.quantization }) };
}

function fold(
  op: Operator,
  inputs: readonly (Value | undefined)[],
  attributes: Attributes,
  types: readonly ValueType[],
): readonly Tensor[] | undefined {
  const known = inputs.every((value) => value === undefined || value.constant);
  const small = types.every(
    ({ dtype, shape, quantization }) =>
      !isFloat(dtype) &&
      !quantization &&
      isStatic(shape) &&
      elementCount(shape.map((size) => size || 1)) <= foldedElements,
  );
  const widened = op.name === "dequantize" || op.name === "cast";
  if (!known || !(small || widened)) return undefined;
  const sources = inputs.map((value) => value?.type);
  return op.evaluate?.(
    inputs.map((value) => value?.constant),
    attributes,
    types,
    sources,
  );
}

function outputName({ scope, stored }: Call, position: number): string {
  const index = stored.outputs[position];
  return tensorName(scope.subgraph.tensors[index], index);
}

function define(call: Call, position: number, value: Value): void {
  const { scope, stored } = call;
  const index = stored.outputs[position];
  if (scope.values[index]) invalid(call, `its result "${outputName(call, position)}" is there already`);
  scope.values[index] = value;
  const stated = statedType(call, position).shape;
  if (sameShape(stated, value.type.shape)) return;
  scope.diagnostics.push({
    code: "tflite.stated-shape",
    severity: "warning",
    message: `"${value.name}" has the shape ${printShape(value.type.shape)}, though the file says ${printShape(stated)}.`,
    at: { node: call.name, value: value.name },
  });
}

/** The diagnostics of an error that the model is to blame for; any other error passes on. */
export function diagnosticsOf(error: unknown): readonly Diagnostic[] {
  if (error instanceof DiagnosticError) return error.diagnostics;
  throw error;
}
