import { type OperatorSchema, parseSchema, type SchemaArgument } from "./schema.ts";
import { activations } from "./schemas/activations.ts";
import { arithmetic } from "./schemas/arithmetic.ts";
import { copies } from "./schemas/copies.ts";
import { cortexMKernels } from "./schemas/cortex-m-kernels.ts";
import { dimensionOrders } from "./schemas/dimension-orders.ts";
import { inPlace } from "./schemas/in-place.ts";
import { layers } from "./schemas/layers.ts";
import { portableKernels } from "./schemas/portable-kernels.ts";
import { primitiveKernels } from "./schemas/primitive-kernels.ts";
import { quantized } from "./schemas/quantized.ts";
import { quantizedKernels } from "./schemas/quantized-kernels.ts";
import { reductions } from "./schemas/reductions.ts";
import { sampling } from "./schemas/sampling.ts";
import { shapes } from "./schemas/shapes.ts";
import { tensors } from "./schemas/tensors.ts";

/** The signatures of a table, one a line, by `namespace::name` or `namespace::name.overload`. */
function signaturesOf(table: string): Map<string, string> {
  const lines = table.split("\n").filter((line) => line !== "");
  return new Map(lines.map((line) => [qualified(line.slice(0, line.indexOf("("))), line]));
}

const qualified = (name: string): string => (name.includes("::") ? name : `aten::${name}`);

const portable = signaturesOf(portableKernels);
const quantizing = signaturesOf(quantizedKernels);
const primitive = signaturesOf(primitiveKernels);

const others = [
  layers,
  activations,
  arithmetic,
  reductions,
  shapes,
  copies,
  sampling,
  tensors,
  inPlace,
  quantized,
  dimensionOrders,
  cortexMKernels,
].map(signaturesOf);

const signatures = new Map([...others, portable, quantizing, primitive].flatMap((table) => [...table]));

const parsed = new Map<string, OperatorSchema>();

/** Every operator that `schemaOf` knows, as `namespace::name` or `namespace::name.overload`. */
export const operatorNames: readonly string[] = [...signatures.keys()];

/**
 * The signature of an operator named as PyTorch prints it (`aten.add.Tensor`, `torch.ops.aten.conv2d.default`) or as its schema does
 * (`aten::add.out`, or `aten::add` and the overload `out`); undefined where it is none of the known ones. The overload `default` is the one
 * without a name.
 */
export function schemaOf(name: string, overload?: string): OperatorSchema | undefined {
  const key = keyOf(name, overload);
  const known = parsed.get(key);
  const signature = signatures.get(key);
  if (known !== undefined || signature === undefined) return known;
  const schema = parseSchema(signature);
  parsed.set(key, schema);
  return schema;
}

function keyOf(name: string, overload?: string): string {
  const [, namespace, operator, inName] = /^(?:torch\.ops\.)?(\w+?)(?:::|\.)(\w+)(?:\.(\w+))?$/.exec(name) ?? [];
  const last = overload ?? inName ?? "";
  const plain = `${namespace}::${operator}`;
  return last === "" || (last === "default" && !signatures.has(`${plain}.default`)) ? plain : `${plain}.${last}`;
}

/** Whether ExecuTorch's portable library has the kernel, such as `aten::add` with the overload `out`. */
export const isPortableKernel = (name: string, overload: string): boolean => portable.has(keyOf(name, overload));

/** Whether ExecuTorch's quantized library has the kernel, such as `quantized_decomposed::dequantize_per_tensor` with `out`. */
export const isQuantizedKernel = (name: string, overload: string): boolean => quantizing.has(keyOf(name, overload));

const runtimeKernels = ["aten::sym_size.int", "aten::sym_numel", "aten::_local_scalar_dense"];

/** Whether ExecuTorch's runtime has the kernel without any library: arithmetic of sizes, `aten::sym_size.int` and the like. */
export function isPrimitiveKernel(name: string, overload: string): boolean {
  const key = keyOf(name, overload);
  return primitive.has(key) || runtimeKernels.includes(key);
}

const kernels = [...portable.keys(), ...quantizing.keys()];

const byOperator = new Map<string, string[]>();
for (const kernel of kernels) {
  const operator = kernel.replace(/\.\w+$/, "");
  byOperator.set(operator, [...(byOperator.get(operator) ?? []), kernel]);
}

/**
 * The portable or quantized kernel that computes what a functional operator does into tensors that it is given: it has the same
 * arguments (without those that only say what tensor to create) and then the tensors to write; undefined where there is none.
 */
export function outVariantOf(schema: OperatorSchema): OperatorSchema | undefined {
  const wanted = signOf(inputsOf(schema));
  const candidates = byOperator.get(schema.name)?.map((kernel) => schemaOf(kernel)!) ?? [];
  return candidates.find((kernel) => outputsOf(kernel).length > 0 && signOf(inputsOf(kernel)) === wanted);
}

const functionalByOperator = new Map<string, string[]>();
for (const name of operatorNames) {
  const operator = name.replace(/\.\w+$/, "");
  functionalByOperator.set(operator, [...(functionalByOperator.get(operator) ?? []), name]);
}

/**
 * The functional operator that a kernel which writes to given tensors computes, the inverse of `outVariantOf`; a kernel that writes to none
 * of its own is one itself. Undefined where there is none.
 */
export function functionalOf(kernel: OperatorSchema): OperatorSchema | undefined {
  if (outputsOf(kernel).length === 0) return kernel;
  const wanted = signOf(inputsOf(kernel));
  const candidates = functionalByOperator.get(kernel.name)?.map((name) => schemaOf(name)!) ?? [];
  return candidates.find((schema) => outputsOf(schema).length === 0 && signOf(inputsOf(schema)) === wanted);
}

/** The arguments that an `.out` overload writes its results to. */
export const outputsOf = (schema: OperatorSchema): readonly SchemaArgument[] =>
  schema.arguments.filter(({ alias, keywordOnly }) => keywordOnly && alias?.written);

const tensorOptions = new Set(["dtype", "layout", "device", "pin_memory"]);

function inputsOf(schema: OperatorSchema): readonly SchemaArgument[] {
  const creates = schema.arguments.some(({ name }) => name === "device");
  const outputs = outputsOf(schema);
  return schema.arguments.filter(
    (argument) => !outputs.includes(argument) && !(creates && tensorOptions.has(argument.name)),
  );
}

const signOf = (inputs: readonly SchemaArgument[]): string =>
  inputs.map(({ name, type }) => `${name} ${JSON.stringify(type)}`).join();
