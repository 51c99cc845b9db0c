import {
  allNodes,
  cloneGraph,
  elementCount,
  type Graph,
  type Shape,
  type SizeBounds,
  type SizeRange,
  symbolsOf,
  type Value,
} from "@millrace/ir";
import { programMacs } from "@millrace/npu";
import { npuProgram } from "@millrace/ops";
import { bindDimensions, runPasses } from "@millrace/passes";
import type { LoadedModel } from "./load.ts";
import { programOf } from "./npu/program-of.ts";

/** One input or output. */
export interface BoundaryInfo {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly (number | string)[];
  /** The least and the greatest that open sizes may be, by their symbols, where the model tells. */
  readonly bounds?: Readonly<Record<string, SizeRange>>;
  readonly scale?: number;
  readonly zeroPoint?: number;
}

/** What a model is, at a glance. */
export interface ModelInfo {
  readonly source: string;
  readonly format: string;
  readonly bytes: number;
  readonly inputs: readonly BoundaryInfo[];
  readonly outputs: readonly BoundaryInfo[];
  readonly operators: Readonly<Record<string, number>>;
  /** Of one inference; open dimensions count as 1. */
  readonly macs: number;
  readonly parameters: number;
  readonly quantized: boolean;
}

export function inspect(model: LoadedModel): ModelInfo {
  const { graph } = model;
  return {
    source: model.name,
    format: model.format,
    bytes: model.bytes,
    inputs: graph.inputs.map((input) => ({
      ...boundaryInfo(input, input.name),
      ...boundsOf(input.type.shape, model.bounds),
    })),
    outputs: graph.outputs.map((output, index) => boundaryInfo(output, graph.outputNames[index])),
    operators: operatorCounts(graph),
    macs: macsOf(withKnownSizes(graph)),
    parameters: parametersOf(graph),
    quantized: [...allNodes(graph)].some(({ outputs }) => outputs.some(({ type }) => type.quantization)),
  };
}

function withKnownSizes(graph: Graph): Graph {
  const copy = cloneGraph(graph).graph;
  runPasses(copy, [bindDimensions()]);
  return copy;
}

function boundaryInfo({ type }: Value, name: string): BoundaryInfo {
  const { dtype, shape, quantization } = type;
  return {
    name,
    dtype,
    shape,
    ...(quantization && { scale: quantization.scale[0], zeroPoint: quantization.zeroPoint[0] }),
  };
}

function boundsOf(shape: Shape, bounds: SizeBounds = new Map()): Pick<BoundaryInfo, "bounds"> {
  const found = [...new Set(shape.flatMap(symbolsOf))].flatMap((name) => {
    const range = bounds.get(name);
    return range === undefined ? [] : [[name, range] as const];
  });
  return found.length === 0 ? {} : { bounds: Object.fromEntries(found) };
}

/** Operators of a graph and of the bodies within it by name, most frequent first. */
export function operatorCounts(graph: Graph): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { op } of allNodes(graph)) counts.set(op.name, (counts.get(op.name) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
}

/** Multiply-accumulates of one inference, in which every body runs once, those of an accelerator's programs among them. */
export function macsOf(graph: Graph): number {
  let macs = 0;
  for (const node of allNodes(graph)) {
    macs += node.op.cost(node.inputs, node.outputs, node.attributes).macs;
    if (node.op === npuProgram) macs += programMacs(programOf(node));
  }
  return macs;
}

/** Elements of all floating-point or quantized constants, each counted once. */
export function parametersOf(graph: Graph): number {
  const constants = new Set<Value>();
  for (const { inputs } of allNodes(graph)) for (const value of inputs) if (value?.constant) constants.add(value);
  let count = 0;
  for (const { type } of constants) {
    if (type.dtype === "f32" || type.quantization) count += elementCount(type.shape as readonly number[]);
  }
  return count;
}
