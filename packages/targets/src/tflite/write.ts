import { type BuiltinOperatorName, minRuntimeVersionBuffer, type TfliteDraft } from "@millrace/formats/tflite";
import { fromNumbers, type Graph, type Node, type Quantization, type Value } from "@millrace/ir";
import { type OpName, transposeTensor } from "@millrace/ops";
import {
  addTensor,
  constantOf,
  type FileLists,
  fileLists,
  type Lists,
  once,
  subgraphLists,
  tensorOf,
} from "./lists.ts";
import type { LoweredOperator, Lowering, Operand, OptionsDraft } from "./lowering.ts";
import { lowerings } from "./ops.ts";
import { runtimeVersion } from "./runtime-versions.ts";
import { statesOf, variableOperators } from "./states.ts";
import { versionOf } from "./versions.ts";

/**
 * The file of a graph whose nodes keep all constraints. Tensors are named as the values are; constants that share their
 * data share a buffer; values without data use the empty buffer 0. Bodies are subgraphs behind the first one; states are
 * variable tensors or variables and no inputs and outputs. The same graph gives the same lists in the same order.
 */
export function modelOf(graph: Graph, description: string): TfliteDraft<"Model"> {
  const file = fileLists();
  const signature = addMain(file, graph);
  const version = file.buffers.push({ data: minRuntimeVersionBuffer(runtimeVersion(file.codes)) }) - 1;
  return {
    version: 3,
    description,
    operatorCodes: file.codes.map(({ builtin, version, custom }) => ({
      builtinCode: builtin,
      version,
      ...(custom && { customCode: custom }),
    })),
    subgraphs: file.subgraphs,
    buffers: file.buffers,
    metadata: [{ name: "min_runtime_version", buffer: version }],
    signatureDefs: [signature],
  };
}

/** The first subgraph, and what its inputs and outputs are called. */
function addMain(file: FileLists, graph: Graph): TfliteDraft<"SignatureDef"> {
  const states = statesOf(graph);
  const lists = subgraphLists(file, states.tensors);
  const fed = new Set(graph.states.map(({ input }) => input));
  const own = graph.inputs.filter(({ name }) => !fed.has(name));
  const places = graph.outputs.flatMap((_, place) => (states.outputs.has(place) ? [] : [place]));
  file.subgraphs.push({});
  const inputs = own.map((value) => tensorOf(lists, value));
  const [before, after] = variableOperators(lists, states, { code: (builtin) => codeOf(file, builtin, 1) });
  const operators = [...before, ...operatorsOf(lists, graph), ...after];
  const outputs = places.map((place) => tensorOf(lists, graph.outputs[place]));
  file.subgraphs[0] = { name: graph.name, tensors: lists.tensors, inputs, outputs, operators };
  const named = (names: readonly string[], indices: readonly number[]) =>
    indices.map((tensorIndex, at) => ({ name: names[at], tensorIndex }));
  return {
    signatureKey: "serving_default",
    inputs: named(
      own.map(({ name }) => name),
      inputs,
    ),
    outputs: named(
      places.map((place) => graph.outputNames[place]),
      outputs,
    ),
  };
}

/** Adds a body and gives its number. */
function addBody(file: FileLists, graph: Graph): number {
  const lists = subgraphLists(file);
  const index = file.subgraphs.push({}) - 1;
  const inputs = graph.inputs.map((value) => tensorOf(lists, value));
  const operators = operatorsOf(lists, graph);
  const outputs = graph.outputs.map((value) => tensorOf(lists, value));
  file.subgraphs[index] = { name: graph.name, tensors: lists.tensors, inputs, outputs, operators };
  return index;
}

/** The nodes that something in the file reads: what an operator reads in another form leaves some without a reader. */
function operatorsOf(lists: Lists, graph: Graph): TfliteDraft<"Operator">[] {
  const read = new Set<Value>(graph.outputs);
  const kept: (readonly [Node, LoweredOperator])[] = [];
  for (const node of [...graph.nodes()].reverse()) {
    const lowered = (lowerings[node.op.name as OpName] as Lowering)(node);
    if (!node.outputs.some((output) => read.has(output))) continue;
    kept.push([node, lowered]);
    for (const operand of lowered.operands) if (operand && !("kind" in operand)) read.add(operand);
  }
  return kept.reverse().map(([node, lowered]) => operatorOf(lists, node, lowered));
}

function operatorOf(lists: Lists, node: Node, lowered: LoweredOperator): TfliteDraft<"Operator"> {
  const inputs = lowered.operands.map((operand) => operandOf(lists, operand));
  const outputs = (lowered.results ?? node.outputs).map((value) => tensorOf(lists, value));
  const bodies = (lowered.bodies ?? []).map((body) => addBody(lists.file, body));
  const options = lowered.optionsFor?.(bodies) ?? lowered.options;
  const intermediates = lowered.intermediates?.map((type, index) =>
    type
      ? addTensor(lists, `${node.name}/intermediate${index}`, { ...type, shape: [0] })
      : addTensor(lists, `${node.name}/intermediate${index}`, { dtype: "f32", shape: [0] }),
  );
  return {
    opcodeIndex: versionedCode(lists, lowered, options, inputs, outputs),
    inputs,
    outputs,
    ...(options && { builtinOptions: options }),
    ...(lowered.custom && { customOptions: lowered.custom.options }),
    ...(intermediates?.length && { intermediates }),
  };
}

function versionedCode(
  { file, types }: Lists,
  { builtin, custom }: LoweredOperator,
  options: OptionsDraft | undefined,
  inputs: readonly number[],
  outputs: readonly number[],
): number {
  const version = versionOf(builtin, {
    inputs: inputs.map((index) => types[index]),
    outputs: outputs.map((index) => types[index]),
    options,
  });
  return codeOf(file, builtin, version, custom?.code);
}

function codeOf(
  { codes, codeOf: known }: FileLists,
  builtin: BuiltinOperatorName,
  version: number,
  custom?: string,
): number {
  return once(known, `${builtin} ${custom} ${version}`, () => codes.push({ builtin, version, custom }) - 1);
}

function operandOf(lists: Lists, operand: Operand): number {
  if (operand === undefined) return -1;
  if (!("kind" in operand)) return tensorOf(lists, operand);
  if (operand.kind === "tensor") return constantOf(lists, operand.name, operand.tensor, operand.quantization);
  if (operand.kind === "permuted") {
    const { value, permutation } = operand;
    return once(lists.tensorOf, `[${permutation}] of ${value.name}`, () =>
      constantOf(
        lists,
        value.name,
        transposeTensor(value.constant!, permutation),
        permuted(value.type.quantization, permutation),
      ),
    );
  }
  const { values, shape } = operand;
  const name = `integers [${values}] of shape [${shape}]`;
  return once(lists.tensorOf, name, () => constantOf(lists, name, fromNumbers("i32", shape, values)));
}

function permuted(quantization: Quantization | undefined, permutation: readonly number[]): Quantization | undefined {
  return quantization?.axis === undefined
    ? quantization
    : { ...quantization, axis: permutation.indexOf(quantization.axis) };
}
