import { type OnnxModel, writeOnnx } from "@millrace/formats/onnx";
import { allNodes, cloneGraph, DiagnosticError, type Graph, type Value } from "@millrace/ir";
import type { OpName } from "@millrace/ops";
import { layoutPasses, runPasses } from "@millrace/passes";
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

/**
 * Writes a graph as ONNX (opset 18, IR version 8), channel-first whatever the graph's own layout is; inputs and outputs keep
 * their layout. `wanted` values become outputs too. Throws a DiagnosticError that lists all nodes ONNX can't express.
 */
export function exportOnnx(source: Graph, wanted: readonly Value[] = []): OnnxExport {
  const { graph, values } = cloneGraph(source);
  const names = graph.outputNames;
  graph.setOutputs(
    [...graph.outputs, ...wanted.map((value) => values.get(value)!)],
    [...names, ...wanted.map(({ name }) => name)],
  );
  runPasses(graph, layoutPasses("first"));
  const problems = [...allNodes(graph)].flatMap(onnxProblems);
  if (problems.length > 0) throw new DiagnosticError(problems);
  return write(graph, names.length);
}

const lower: OnnxLowering = (node, emit, outputs) =>
  (onnxLowerings[node.op.name as OpName] as OnnxLowering)(node, emit, outputs);

function write(graph: Graph, ownOutputs: number): OnnxExport {
  const emit = new OnnxEmitter(lower);
  const inputs = graph.inputs.map((input) => valueInfo(emit.read(input), input.type));
  const outputs = graph.outputNames.map((name) => emit.name(name));
  emit.graph(graph, outputs);
  const model: OnnxModel = {
    irVersion: 8,
    producerName: "Millrace",
    opsetImports: [{ domain: "", version: 18 }],
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
