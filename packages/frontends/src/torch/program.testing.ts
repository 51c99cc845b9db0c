import type {
  Argument,
  ExportedProgram,
  Graph,
  InputSpec,
  Node,
  NodeMetadata,
  OutputSpec,
  Pt2Model,
  ScalarType,
  StoredTensor,
  SymInt,
  TensorMeta,
} from "@millrace/formats/pt2";
import { type Diagnostic, DiagnosticError, fromNumbers, numbersOf, type Tensor } from "@millrace/ir";
import { evaluateGraph } from "../onnx/evaluate.testing.ts";
import { type ImportOptions, importTorch } from "./import.ts";

/** The tensor of a name, as an argument. */
export function t(name: string): Argument {
  return { kind: "tensor", name };
}

/** A float, even where it is a whole number. */
export function real(value: number): Argument {
  return { kind: "float", value };
}

export function dtype(value: ScalarType): Argument {
  return { kind: "scalarType", value };
}

export function body(graph: Graph): Argument {
  return { kind: "graph", name: "body", graph };
}

type Given = Argument | number | boolean | string | null | readonly (number | string)[] | readonly Argument[];

/** One node: its results' names, the overload, and the arguments by name. */
export type NodeText = readonly [
  results: string | readonly string[],
  target: string,
  inputs: Readonly<Record<string, Given>>,
  metadata?: Partial<NodeMetadata>,
];

interface Parts {
  /** Sizes of inputs by name; a text is a symbol. */
  readonly inputs: Readonly<Record<string, readonly (number | string)[]>>;
  readonly types?: Readonly<Record<string, ScalarType>>;
  readonly parameters?: Readonly<Record<string, Tensor>>;
  readonly buffers?: Readonly<Record<string, Tensor>>;
  readonly nodes: readonly NodeText[];
  readonly outputs: readonly string[];
  /** Names of results that replace buffers, by the buffers' names. */
  readonly mutations?: Readonly<Record<string, string>>;
  readonly symbols?: Readonly<Record<string, SymInt>>;
}

/** A program out of its parts, as `readPt2` gives it. */
export function program(parts: Parts): Pt2Model {
  const stored = { ...parts.parameters, ...parts.buffers };
  const specs: InputSpec[] = [
    ...Object.keys(parts.parameters ?? {}).map((value) => ({ kind: "parameter", value, target: value }) as const),
    ...Object.keys(parts.buffers ?? {}).map(
      (value) => ({ kind: "buffer", value, target: value, persistent: true }) as const,
    ),
    ...Object.keys(parts.inputs).map((name) => ({ kind: "userInput", value: t(name) }) as const),
  ];
  const mutations = Object.entries(parts.mutations ?? {});
  const outputs: OutputSpec[] = [
    ...mutations.map(([target, value]) => ({ kind: "bufferMutation", value, target }) as const),
    ...parts.outputs.map((name) => ({ kind: "userOutput", value: t(name) }) as const),
  ];
  const exported: ExportedProgram = {
    schemaVersion: { major: 8, minor: 20 },
    torchVersion: "2.13.0",
    verifiers: ["TRAINING"],
    opsetVersions: new Map([["aten", 10]]),
    rangeConstraints: new Map([["s0", { minimum: 1, maximum: 64 }]]),
    guards: [],
    graph: graphOf(
      parts,
      [...Object.keys(stored), ...Object.keys(parts.inputs)],
      mutations.map(([, name]) => name),
    ),
    signature: { inputs: specs, outputs },
    moduleCalls: [],
  };
  return {
    name: "model",
    program: exported,
    stateDict: new Map(Object.entries(stored).map(([name, tensor]) => [name, storedOf(name, tensor)])),
    constants: new Map(),
    customObjects: new Map(),
    sampleInputs: () => undefined,
  };
}

/** A graph that a node holds, with the inputs of its own. */
export function nested(parts: Omit<Parts, "parameters" | "buffers" | "mutations">): Graph {
  return graphOf(parts, Object.keys(parts.inputs), []);
}

function graphOf(parts: Parts, inputs: readonly string[], before: readonly string[]): Graph {
  return {
    inputs: inputs.map(t),
    outputs: [...before, ...parts.outputs].map(t),
    nodes: parts.nodes.map(nodeOf),
    tensorValues: new Map(
      Object.entries(parts.inputs).map(([name, sizes]) => [name, metaOf(sizes, parts.types?.[name] ?? "float32")]),
    ),
    symIntValues: new Map(Object.entries(parts.symbols ?? {})),
    symFloatValues: new Map(),
    symBoolValues: new Map(),
    customObjectValues: new Map(),
    isSingleTensorReturn: false,
  };
}

function metaOf(sizes: readonly (number | string)[], scalarType: ScalarType): TensorMeta {
  return {
    scalarType,
    sizes: sizes.map((size) => (typeof size === "string" ? { expression: { symbol: size } } : size)),
    strides: sizes.map((_, axis) => sizes.slice(axis + 1).reduce<number>((product, size) => product * Number(size), 1)),
    storageOffset: 0,
    requiresGrad: false,
    device: { type: "cpu" },
    layout: "strided",
  };
}

function nodeOf([results, target, inputs, metadata = {}]: NodeText): Node {
  const isNumber = target.startsWith("_operator");
  const outputs: readonly Argument[] = isNumber
    ? [{ kind: "int", value: String(results) }]
    : typeof results === "string"
      ? [t(results)]
      : results.length === 1
        ? [{ kind: "tensors", names: results[0].split(" ") }]
        : results.map((name) => t(name));
  return {
    target: `torch.ops.${target}`,
    name: [results].flat()[0],
    inputs: Object.entries(inputs).map(([name, value]) => ({
      name: target.startsWith("higher_order") ? "" : name,
      value: argumentOf(value),
    })),
    outputs,
    metadata: { moduleStack: [], entries: new Map(), ...metadata },
  };
}

function argumentOf(given: Given): Argument {
  if (given === null) return { kind: "none" };
  if (typeof given === "boolean") return { kind: "bool", value: given };
  if (typeof given === "string") return { kind: "string", value: given };
  if (typeof given === "number")
    return Number.isInteger(given) ? { kind: "int", value: given } : { kind: "float", value: given };
  if (!Array.isArray(given)) return given as Argument;
  if (given.some((item) => typeof item === "object"))
    return {
      kind: "optionalTensors",
      names: (given as readonly Argument[]).map((item) => (item.kind === "tensor" ? item.name : undefined)),
    };
  return { kind: "ints", values: given as readonly (number | string)[] };
}

function storedOf(name: string, { dtype, shape, data }: Tensor): StoredTensor {
  const types: Readonly<Record<string, StoredTensor["scalarType"]>> = {
    f32: "float32",
    i64: "int64",
    i8: "int8",
    u8: "uint8",
    i32: "int32",
  };
  return {
    scalarType: types[dtype],
    sizes: shape,
    strides: shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1)),
    storageOffset: 0,
    storage: { name, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) },
    requiresGrad: false,
  };
}

/** What one node of an overload gives for tensors by argument name and other arguments; all of its results as numbers. */
export function computed(
  target: string,
  tensors: Readonly<Record<string, Tensor>>,
  others: Readonly<Record<string, Given>> = {},
  results: string | readonly string[] = "result",
): readonly (readonly number[])[] {
  const types: Readonly<Record<string, ScalarType>> = {
    f32: "float32",
    i64: "int64",
    bool: "bool",
    i32: "int32",
    i8: "int8",
  };
  const names = Object.keys(tensors);
  const model = program({
    inputs: Object.fromEntries(names.map((name) => [name, tensors[name].shape])),
    types: Object.fromEntries(names.map((name) => [name, types[tensors[name].dtype]])),
    nodes: [[results, target, { ...Object.fromEntries(names.map((name) => [name, t(name)])), ...others }]],
    outputs: [results].flat().flatMap((name) => name.split(" ")),
  });
  return run(model, Object.values(tensors));
}

/** The results of a program as numbers. */
export function run(
  model: Pt2Model,
  inputs: readonly Tensor[],
  options: ImportOptions = {},
): readonly (readonly number[])[] {
  return evaluateGraph(importTorch(model, options).graph, inputs).map((tensor) => Array.from(numbersOf(tensor)));
}

/** What is wrong with a program. */
export function problemsOf(model: Pt2Model, options: ImportOptions = {}): readonly Diagnostic[] {
  try {
    importTorch(model, options);
    return [];
  } catch (error) {
    if (error instanceof DiagnosticError) return error.diagnostics;
    throw error;
  }
}

export function f32(shape: readonly number[], values: ArrayLike<number>): Tensor {
  return fromNumbers("f32", shape, values);
}

export function i64(shape: readonly number[], values: ArrayLike<number>): Tensor {
  return fromNumbers("i64", shape, values);
}

/** 0, 1, 2, … in a shape. */
export function counting(...shape: readonly number[]): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  return f32(
    shape,
    Array.from({ length: count }, (_, index) => index),
  );
}
