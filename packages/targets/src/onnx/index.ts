import { type OnnxModel, writeOnnx } from "@millrace/formats/onnx";
import {
  allNodes,
  cloneGraph,
  type Diagnostic,
  DiagnosticError,
  type Graph,
  type Node,
  type Operator,
  type Value,
} from "@millrace/ir";
import {
  bitwiseXor,
  dequantize,
  dynamicMean,
  dynamicReduceMax,
  dynamicReduceMin,
  dynamicReduceProd,
  type OpName,
  quantize,
} from "@millrace/ops";
import { layoutPasses, realBiases, runPasses, unfoldQuantization } from "@millrace/passes";
import { onnxProblems } from "./constraints.ts";
import { OnnxEmitter, type OnnxLowering, valueInfo } from "./emitter.ts";
import { onnxLowerings } from "./ops.ts";

/** An ONNX file and the names its outputs have in it: those of the graph, then those of the wanted values. */
export interface OnnxExport {
  readonly bytes: Uint8Array;
  /** Operator of each node. */
  readonly operatorNames: readonly string[];
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** Name of each wanted value in the file. */
  readonly wantedNames: readonly string[];
}

export interface OnnxExportOptions {
  /** Version of the standard operators, from 17 to 23; 18 without it, and 21 where a type needs it. */
  readonly opset?: number;
}

/** IR version that belongs to each opset. */
const irVersions: Readonly<Record<number, number>> = { 17: 8, 18: 8, 19: 9, 20: 9, 21: 10, 22: 10, 23: 11 };
const opsets = { oldest: 17, usual: 18, narrow: 21, newest: 23 };

/**
 * Writes a graph as ONNX, channel-first whatever the graph's own layout is; inputs and outputs keep their layout. Integer nodes
 * are written as real ones between DequantizeLinear and QuantizeLinear. `wanted` values become outputs too. Throws a
 * DiagnosticError that lists all nodes ONNX can't express.
 */
export function exportOnnx(source: Graph, wanted: readonly Value[] = [], options: OnnxExportOptions = {}): OnnxExport {
  const { graph, values } = cloneGraph(source);
  const names = graph.outputNames;
  graph.setOutputs(
    [...graph.outputs, ...wanted.map((value) => values.get(value)!)],
    [...names, ...wanted.map(({ name }) => name)],
  );
  runPasses(graph, [...layoutPasses("first"), unfoldQuantization, realBiases]);
  const needed = [...allNodes(graph)].reduce((oldest, node) => Math.max(oldest, opsetOf(node)), opsets.oldest);
  const opset = options.opset ?? Math.max(needed, opsets.usual);
  const problems = [...opsetProblems(opset, needed), ...[...allNodes(graph)].flatMap(onnxProblems)];
  if (problems.length > 0) throw new DiagnosticError(problems);
  return write(graph, names.length, opset);
}

/** Operators that are there, or take their axes as an input, since opset 18 only. */
const since18: readonly Operator[] = [bitwiseXor, dynamicMean, dynamicReduceMax, dynamicReduceMin, dynamicReduceProd];

/** The oldest opset in which a node can be written. */
function opsetOf(node: Node): number {
  if (isNarrow(node)) return opsets.narrow;
  return since18.includes(node.op) ? 18 : opsets.oldest;
}

/** Whether a node works on 4 bits or on blocks, or quantizes to 16, for which there are operators since opset 21 only. */
function isNarrow({ op, inputs, outputs }: Node): boolean {
  const types = [...inputs, ...outputs].map((value) => value?.type.dtype ?? "");
  const isSixteen = (op === quantize || op === dequantize) && types.some((type) => ["i16", "u16"].includes(type));
  const inBlocks = inputs.some((value) => value?.type.quantization?.block !== undefined);
  return isSixteen || inBlocks || types.some((type) => ["i4", "u4"].includes(type));
}

function opsetProblems(opset: number, needed: number): readonly Diagnostic[] {
  if (opset >= needed && opset in irVersions) return [];
  const message = `Opset ${opset} can't be written: this model needs one from ${needed} to ${opsets.newest}`;
  return [{ code: "onnx.opset", severity: "error", message, hint: "leave the opset out, or name one of these" }];
}

const lower: OnnxLowering = (node, emit, outputs) =>
  (onnxLowerings[node.op.name as OpName] as OnnxLowering)(node, emit, outputs);

function write(graph: Graph, ownOutputs: number, opset: number): OnnxExport {
  const emit = new OnnxEmitter(lower, opset);
  const inputs = graph.inputs.map((input) => valueInfo(emit.read(input), input.type));
  const outputs = graph.outputNames.map((name) => emit.name(name));
  emit.graph(graph, outputs);
  const model: OnnxModel = {
    irVersion: irVersions[opset],
    producerName: "Millrace",
    opsetImports: [{ domain: "", version: opset }],
    functions: [],
    graph: {
      name: graph.name,
      nodes: emit.nodes,
      initializers: emit.initializers,
      sparseInitializers: [],
      valueInfos: [],
      inputs,
      outputs: graph.outputs.map((output, index) => valueInfo(outputs[index], output.type)),
    },
  };
  return {
    bytes: writeOnnx(model),
    operatorNames: emit.nodes.map(({ opType }) => opType),
    inputNames: inputs.map(({ name }) => name),
    outputNames: outputs.slice(0, ownOutputs),
    wantedNames: outputs.slice(ownOutputs),
  };
}
