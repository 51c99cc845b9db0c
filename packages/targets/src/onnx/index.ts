import { type OnnxModel, type OnnxValueInfo, writeOnnx } from "@millrace/formats/onnx";
import { cloneGraph, DiagnosticError, type Graph, type Value, type ValueType } from "@millrace/ir";
import type { OpName } from "@millrace/ops";
import { layoutPasses, runPasses } from "@millrace/passes";
import { onnxProblems } from "./constraints.ts";
import { dataTypeCodes, OnnxEmitter, type OnnxLowering } from "./emitter.ts";
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
 * Writes a graph as ONNX (opset 17, IR version 8), channel-first whatever the graph's own layout is; inputs and outputs keep
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
  const problems = [...graph.nodes()].flatMap(onnxProblems);
  if (problems.length > 0) throw new DiagnosticError(problems);
  return write(graph, names.length);
}

function write(graph: Graph, ownOutputs: number): OnnxExport {
  const emit = new OnnxEmitter();
  const inputs = graph.inputs.map((input) => valueInfo(emit.read(input), input.type));
  const outputs = graph.outputNames.map((name) => emit.name(name));
  for (const node of graph.nodes()) {
    const lowering: OnnxLowering = onnxLowerings[node.op.name as OpName];
    lowering(
      node,
      emit,
      node.outputs.map((output) => emit.read(output)),
    );
  }
  for (const [index, output] of graph.outputs.entries()) {
    emit.node("Identity", [emit.read(output)], {}, [outputs[index]]);
  }
  const model: OnnxModel = {
    irVersion: 8,
    producerName: "Millrace",
    opsetImports: [{ domain: "", version: 17 }],
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

function valueInfo(name: string, type: ValueType): OnnxValueInfo {
  const dims = type.shape.map((size) => (typeof size === "number" ? { value: size } : { param: size }));
  return { name, type: { tensor: { elementType: dataTypeCodes[type.dtype], shape: { dims } } } };
}
