import { type KernelTypes, kernelTypesOf, outputsOf, schemaOf } from "@millrace/formats/aten";
import type { DType } from "@millrace/ir";
import { type EdgeArgument, type EdgeCall, type EdgeTensor, isTensor, scalarTypeNames } from "./edge-program.ts";
import { kernelOf } from "./schema-arguments.ts";

/** Types that hold all numbers of others, exactly. */
const wider: Partial<Record<DType, DType>> = { bool: "u8", i8: "i32", u8: "i32", i16: "i32", f16: "f32", bf16: "f32" };

/** A call whose kernel takes its tensors, and the results that have to be converted behind it. */
export interface TypedCall {
  readonly call: EdgeCall;
  readonly converted: readonly (readonly [made: EdgeTensor, wanted: EdgeTensor])[];
}

/**
 * Makes a call one that its kernel can do: tensors of a type that it does not take become ones of a wider type, by `convert` if they are read, or by
 * `temporary` if they are written. What has no wider type stays, and is told by `typeProblems`.
 */
export function withKernelTypes(
  call: EdgeCall,
  convert: (tensor: EdgeTensor, dtype: DType) => EdgeTensor,
  temporary: (tensor: EdgeTensor, dtype: DType) => EdgeTensor,
): TypedCall {
  const types = kernelTypesOf(kernelOf(call).name);
  const names = argumentNames(call);
  const change = (name: string, argument: EdgeArgument): EdgeArgument => {
    if (Array.isArray(argument)) return argument.map((item) => change(name, item)) as EdgeArgument;
    if (argument === null || !isTensor(argument)) return argument;
    const dtype = typeFor(types, name, argument);
    return dtype === argument.dtype ? argument : convert(argument, dtype);
  };
  const positional = call.positional.map((argument, index) => change(names.inputs[index], argument));
  const keywords = Object.fromEntries(Object.entries(call.keywords).map(([name, each]) => [name, change(name, each)]));
  const results = call.results.map((wanted, index) => {
    const dtype = typeFor(types, names.result(index), wanted);
    return dtype === wanted.dtype ? wanted : temporary(wanted, dtype);
  });
  const pairs = results.map((made, index) => [made, call.results[index]] as const);
  return {
    call: { ...call, positional, keywords, results },
    converted: pairs.filter(([made, wanted]) => made !== wanted),
  };
}

/** What of the element types of a call its kernel does not take, a sentence for each. */
export function typeProblems(call: EdgeCall): readonly string[] {
  const { name: kernel } = kernelOf(call);
  const types = kernelTypesOf(kernel);
  if (types === undefined) return [`it is not known which element types ${kernel} takes`];
  const tensors = namedTensors(call);
  const shared = new Set(tensors.filter(({ name }) => !isOther(types, name)).map(({ tensor }) => nameOf(tensor.dtype)));
  const mixed = shared.size > 1 ? [`${kernel} takes tensors of one type, not of ${[...shared].join(" and ")}`] : [];
  const wrong = tensors
    .filter(({ name, tensor }) => !takes(types, name, tensor.dtype))
    .map(({ name, tensor }) => `${kernel} takes no ${nameOf(tensor.dtype)} as ${name}`);
  return [...new Set([...mixed, ...wrong])];
}

function argumentNames(call: EdgeCall) {
  const outputs = outputsOf(kernelOf(call));
  return {
    inputs: schemaOf(call.operator)!.arguments.map(({ name }) => name),
    result: (index: number) => (outputs[index] ?? outputs[0]).name,
  };
}

/** The tensors of a call by the names of its kernel's arguments; all of a list have the list's. */
function namedTensors(call: EdgeCall): readonly { readonly name: string; readonly tensor: EdgeTensor }[] {
  const names = argumentNames(call);
  const given = [
    ...call.positional.map((each, index) => [names.inputs[index], each] as const),
    ...Object.entries(call.keywords),
  ];
  const made = call.results.map((tensor, index) => ({ name: names.result(index), tensor }));
  const read = given.flatMap(([name, argument]) =>
    [argument].flat().flatMap((item) => (isTensor(item) ? [{ name, tensor: item }] : [])),
  );
  return [...read, ...made];
}

function isOther({ others = {} }: KernelTypes, name: string): boolean {
  return Object.hasOwn(others, name);
}

function takes(types: KernelTypes, name: string, dtype: DType): boolean {
  const allowed: readonly string[] = isOther(types, name) ? types.others![name] : types.shared;
  return allowed.includes(nameOf(dtype));
}

function typeFor(types: KernelTypes | undefined, name: string, { dtype }: EdgeTensor): DType {
  const other = wider[dtype];
  const isHelped =
    types !== undefined && other !== undefined && !takes(types, name, dtype) && takes(types, name, other);
  return isHelped ? other : dtype;
}

function nameOf(dtype: DType): string {
  return scalarTypeNames[dtype as keyof typeof scalarTypeNames];
}
