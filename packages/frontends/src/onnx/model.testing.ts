import {
  encodeAttribute,
  encodeTensor,
  type OnnxAttribute,
  type OnnxFunction,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValueInfo,
} from "@millrace/formats/onnx";
import { type Diagnostic, DiagnosticError, fromNumbers, numbersOf } from "@millrace/ir";
import { evaluateGraph } from "./evaluate.testing.ts";
import { type ImportOptions, importOnnx } from "./import.ts";

/** Attributes by kind, for nodes written in tests. */
export const int = (name: string, value: number) => encodeAttribute(name, { kind: "INT", value });
export const ints = (name: string, ...value: number[]) => encodeAttribute(name, { kind: "INTS", value });
export const float = (name: string, value: number) => encodeAttribute(name, { kind: "FLOAT", value });
export const text = (name: string, value: string) => encodeAttribute(name, { kind: "STRING", value });
export const tensor = (name: string, value: OnnxTensor) => encodeAttribute(name, { kind: "TENSOR", value });

/** A node from `Type in1 in2 -> out1 out2`; `_` is an input or output left out. */
export function node(line: string, ...attributes: OnnxAttribute[]): OnnxNode {
  const [left, right] = line.split("->");
  const [opType, ...inputs] = left.trim().split(" ");
  const named = (names: readonly string[]) => names.map((name) => (name === "_" ? "" : name));
  return {
    name: "",
    opType,
    domain: "",
    inputs: named(inputs),
    outputs: named(right.trim().split(" ")),
    attributes,
  };
}

export function floats(name: string, dims: readonly number[], values: readonly number[]): OnnxTensor {
  return encodeTensor(name, { dataType: "FLOAT", dims, data: Float32Array.from(values) });
}

export function longs(name: string, ...values: number[]): OnnxTensor {
  return encodeTensor(name, { dataType: "INT64", dims: [values.length], data: BigInt64Array.from(values, BigInt) });
}

/** A tensor input; texts are symbolic sizes. The code 1 is float32. */
export function input(name: string, dims: readonly (number | string)[], elementType = 1): OnnxValueInfo {
  const sizes = dims.map((size) => (typeof size === "number" ? { value: size } : { param: size }));
  return { name, type: { tensor: { elementType, shape: { dims: sizes } } } };
}

export interface ModelParts {
  readonly inputs: readonly OnnxValueInfo[];
  readonly nodes: readonly OnnxNode[];
  readonly outputs: readonly string[];
  readonly initializers?: readonly OnnxTensor[];
  readonly functions?: readonly OnnxFunction[];
  readonly opset?: number;
}

export function model({ outputs, initializers = [], functions = [], opset = 17, ...rest }: ModelParts): OnnxModel {
  return {
    irVersion: 8,
    opsetImports: [
      { domain: "", version: opset },
      { domain: "local", version: 1 },
    ],
    functions,
    graph: {
      name: "test",
      ...rest,
      outputs: outputs.map((name) => ({ name })),
      initializers,
      sparseInitializers: [],
      valueInfos: [],
    },
  };
}

/** The first output of a model for float32 inputs of the shapes it states. */
export function run(parts: ModelParts, ...inputs: readonly (readonly number[])[]) {
  const { graph } = importOnnx(model(parts));
  const tensors = graph.inputs.map(({ type }, index) =>
    fromNumbers(type.dtype, type.shape as readonly number[], inputs[index]),
  );
  const [{ shape, ...result }] = evaluateGraph(graph, tensors);
  return { shape, values: Array.from(numbersOf({ shape, ...result })) };
}

/** What importing reports, be it errors or not. */
export function diagnosticsOf(parts: ModelParts, options?: ImportOptions): readonly Diagnostic[] {
  try {
    return importOnnx(model(parts), options).diagnostics;
  } catch (error) {
    if (error instanceof DiagnosticError) return error.diagnostics;
    throw error;
  }
}

/** Names of the operators of the graph, in order. */
export function operatorsOf(parts: ModelParts, options?: ImportOptions): string[] {
  return [...importOnnx(model(parts), options).graph.nodes()].map(({ op }) => op.name);
}
