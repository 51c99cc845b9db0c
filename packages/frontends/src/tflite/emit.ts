import {
  type Attributes,
  bindDimension,
  elementCount,
  isFloat,
  isStatic,
  type Operator,
  printShape,
  sameShape,
  type Tensor,
  type Value,
  type ValueType,
} from "@millrace/ir";
import { type OpName, operators } from "@millrace/ops";
import { type Call, invalid, statedType } from "./call.ts";
import { isPossibleShape, tensorName } from "./tensors.ts";

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

/** Adds the node that makes the operator's results, or those at the given positions; a kind stands for a result that the file leaves out. */
export function finish(
  call: Call,
  op: OpName,
  inputs: readonly (Value | undefined)[],
  attributes: Attributes,
  positions: readonly (number | Kind)[] = call.stored.outputs.map((_, position) => position),
): void {
  const results = positions.map((position, index) => {
    if (typeof position !== "number") return { ...position, name: `${call.name}/${op}:${index}` };
    const { dtype, quantization } = statedType(call, position);
    return { name: outputName(call, position), dtype, ...(quantization && { quantization }) };
  });
  const values = add(call, op, inputs, attributes, results);
  for (const [index, position] of positions.entries())
    if (typeof position === "number") define(call, position, values[index]);
}

/** Adds the node that makes the operator's results and, as its results from the `first` on, what each of the states becomes. */
export function finishWithStates(
  call: Call,
  op: OpName,
  inputs: readonly (Value | undefined)[],
  attributes: Attributes,
  states: readonly Value[],
  first = 1,
): void {
  const results = call.stored.outputs.map((_, position) => {
    const { dtype, quantization } = statedType(call, position);
    return { name: outputName(call, position), dtype, ...(quantization && { quantization }) };
  });
  const next = states.map(({ name, type }) => ({ ...type, name: `${name}_next` }));
  const values = add(call, op, inputs, attributes, results.toSpliced(first, 0, ...next));
  for (const [position, value] of values.toSpliced(first, states.length).entries()) define(call, position, value);
  for (const [index, state] of states.entries()) call.scope.states.set(state, { after: values[first + index] });
}

/** Makes a constant the operator's result. */
export function finishConstant(call: Call, tensor: Tensor): void {
  const { dtype } = statedType(call);
  if (dtype !== tensor.dtype) invalid(call, `its result is ${tensor.dtype}, but the file says ${dtype}`);
  define(call, 0, call.scope.graph.addConstant(call.name, tensor));
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
  const areIntegers = operands.length > 0 && operands.every((operand, index) => operand !== inputs[index]);
  if (areIntegers && types.some(({ dtype }) => isFloat(dtype)))
    invalid(call, "its operands are integers that stand for reals, but its result is real");
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
  if (!value?.type.quantization || op.quantization.kind === "float") return value;
  if (!dtypes || dtypes.includes(value.type.dtype)) return value;
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

/** Makes a value the operator's result at `position`. What a file states of sizes that only data decides means nothing. */
export function define(call: Call, position: number, value: Value): void {
  const { scope, stored } = call;
  const index = stored.outputs[position];
  if (scope.values[index]) invalid(call, `its result "${outputName(call, position)}" is there already`);
  scope.values[index] = value;
  const { fileSizes } = scope;
  const stated = statedType(call, position).shape;
  if (fileSizes === undefined) return;
  const own = value.type.shape.map((size) => bindDimension(size, fileSizes));
  if (sameShape(stated, own) || !isStatic(own)) return;
  if (fileSizes.size > 0)
    invalid(call, `its result would be ${printShape(own)}, but the file says ${printShape(stated)}`);
  scope.diagnostics.push({
    code: "tflite.stated-shape",
    severity: "warning",
    message: `"${value.name}" has the shape ${printShape(value.type.shape)}, though the file says ${printShape(stated)}.`,
    at: { node: call.name, value: value.name },
  });
}
