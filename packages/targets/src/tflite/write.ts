import {
  type BuiltinOperatorName,
  minRuntimeVersionBuffer,
  packInt4,
  type TfliteDraft,
} from "@millrace/formats/tflite";
import {
  bytesOf,
  fromNumbers,
  type Graph,
  type Node,
  type Quantization,
  type Tensor,
  type Value,
  type ValueType,
} from "@millrace/ir";
import { type OpName, transposeTensor } from "@millrace/ops";
import { tensorTypeNames } from "./element-types.ts";
import type { LoweredOperator, Lowering, Operand } from "./lowering.ts";
import { lowerings } from "./ops.ts";
import { runtimeVersion } from "./runtime-versions.ts";
import { versionOf } from "./versions.ts";

/** The lists of a file as they grow: tensors, their buffers, and the operator codes in use. */
interface Lists {
  readonly tensors: TfliteDraft<"Tensor">[];
  readonly types: ValueType[];
  readonly buffers: TfliteDraft<"Buffer">[];
  readonly codes: { readonly builtin: BuiltinOperatorName; readonly version: number }[];
  readonly tensorOf: Map<unknown, number>;
  readonly bufferOf: Map<ArrayBufferLike, Map<string, number>>;
  readonly codeOf: Map<string, number>;
}

/**
 * The file of a graph whose nodes keep all constraints. Tensors are named as the values are; constants that share their
 * data share a buffer; values without data use the empty buffer 0. The same graph gives the same lists in the same order.
 */
export function modelOf(graph: Graph, description: string): TfliteDraft<"Model"> {
  const lists: Lists = {
    tensors: [],
    types: [],
    buffers: [{}],
    codes: [],
    tensorOf: new Map(),
    bufferOf: new Map(),
    codeOf: new Map(),
  };
  const inputs = graph.inputs.map((value) => tensorOf(lists, value));
  const operators = [...graph.nodes()].map((node) => operatorOf(lists, node));
  const outputs = graph.outputs.map((value) => tensorOf(lists, value));
  const version = lists.buffers.push({ data: minRuntimeVersionBuffer(runtimeVersion(lists.codes)) }) - 1;
  const named = (names: readonly string[], indices: readonly number[]) =>
    indices.map((tensorIndex, at) => ({ name: names[at], tensorIndex }));
  return {
    version: 3,
    description,
    operatorCodes: lists.codes.map(({ builtin, version }) => ({ builtinCode: builtin, version })),
    subgraphs: [{ name: graph.name, tensors: lists.tensors, inputs, outputs, operators }],
    buffers: lists.buffers,
    metadata: [{ name: "min_runtime_version", buffer: version }],
    signatureDefs: [
      {
        signatureKey: "serving_default",
        inputs: named(
          graph.inputs.map(({ name }) => name),
          inputs,
        ),
        outputs: named(graph.outputNames, outputs),
      },
    ],
  };
}

function operatorOf(lists: Lists, node: Node): TfliteDraft<"Operator"> {
  const lowered = (lowerings[node.op.name as OpName] as Lowering)(node);
  const inputs = lowered.operands.map((operand) => operandOf(lists, operand));
  const outputs = node.outputs.map((value) => tensorOf(lists, value));
  return {
    opcodeIndex: codeOf(lists, lowered, inputs, outputs),
    inputs,
    outputs,
    ...(lowered.options && { builtinOptions: lowered.options }),
  };
}

function codeOf(
  lists: Lists,
  { builtin, options }: LoweredOperator,
  inputs: readonly number[],
  outputs: readonly number[],
): number {
  const version = versionOf(builtin, {
    inputs: inputs.map((index) => lists.types[index]),
    outputs: outputs.map((index) => lists.types[index]),
    options,
  });
  return once(lists.codeOf, `${builtin} ${version}`, () => lists.codes.push({ builtin, version }) - 1);
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

function tensorOf(lists: Lists, value: Value): number {
  return once(lists.tensorOf, value, () =>
    value.constant
      ? constantOf(lists, value.name, value.constant, value.type.quantization)
      : addTensor(lists, value.name, value.type, 0),
  );
}

function constantOf(lists: Lists, name: string, tensor: Tensor, quantization?: Quantization): number {
  const { dtype, shape, data } = tensor;
  const packed = dtype === "i4";
  const stretches = lists.bufferOf.get(data.buffer) ?? new Map<string, number>();
  lists.bufferOf.set(data.buffer, stretches);
  const buffer = once(stretches, `${data.byteOffset} ${data.byteLength} ${packed}`, () => {
    const bytes = packed ? packInt4(data as Int8Array) : bytesOf(tensor);
    return lists.buffers.push({ data: bytes }) - 1;
  });
  return addTensor(lists, name, { dtype, shape, ...(quantization && { quantization }) }, buffer);
}

function addTensor(lists: Lists, name: string, type: ValueType, buffer: number): number {
  const { dtype, shape, quantization } = type;
  lists.types.push(type);
  return (
    lists.tensors.push({
      name,
      type: tensorTypeNames[dtype],
      shape: shape as readonly number[],
      hasRank: true,
      buffer,
      ...(quantization && { quantization: quantizationOf(quantization) }),
    }) - 1
  );
}

function quantizationOf({ scale, zeroPoint, axis = 0 }: Quantization): TfliteDraft<"QuantizationParameters"> {
  return { scale, zeroPoint: zeroPoint.map(BigInt), quantizedDimension: axis };
}

function once<K>(known: Map<K, number>, key: K, make: () => number): number {
  const before = known.get(key);
  if (before !== undefined) return before;
  const made = make();
  known.set(key, made);
  return made;
}
