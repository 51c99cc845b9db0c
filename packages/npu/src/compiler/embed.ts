import { copyNode, copyValue, Graph, type Node, type Tensor, type Value } from "@millrace/ir";
import { npuProgram, resultsOf } from "@millrace/ops";
import { encodeProgram } from "../program/encode.ts";
import { isSegment, type NpuCompilation } from "./compile-graph.ts";
import type { CompiledSegment } from "./compile-segment.ts";

/** What stands for a segment in a node: by default its program. */
export type PayloadOf = (segment: CompiledSegment, name: string) => Uint8Array;

const programOf: PayloadOf = ({ program }) => encodeProgram(program);

/** The graph with a node for each program in the place of the nodes that it computes. */
export function embedPrograms(source: Graph, { phases }: NpuCompilation, payloadOf = programOf): Graph {
  const graph = new Graph(source.name);
  const values = new Map(source.inputs.map((input) => [input, graph.addInput(input.name, input.type)]));
  for (const [index, phase] of phases.entries()) {
    if (isSegment(phase)) addProgram(graph, phase, values, `npu_${index}`, payloadOf);
    else for (const node of phase.nodes) copyNode(node, graph, values);
  }
  graph.setOutputs(
    source.outputs.map((value) => copyValue(value, graph, values, values)),
    source.outputNames,
  );
  graph.states = source.states;
  return graph;
}

function addProgram(
  graph: Graph,
  segment: CompiledSegment,
  values: Map<Value, Value>,
  name: string,
  payloadOf: PayloadOf,
): void {
  const bytes = payloadOf(segment, name);
  const program: Tensor = { dtype: "u8", shape: [bytes.length], data: bytes };
  const { outputs } = graph.addNode({
    op: npuProgram,
    name,
    inputs: [graph.addConstant(`${name}_program`, program), ...segment.inputs.map((value) => values.get(value))],
    attributes: { results: resultsOf(segment.outputs.map(({ type }) => type))! },
    origin: [...new Set(segment.nodes.flatMap(originOf))],
    outputNames: segment.outputs.map((output) => output.name),
    outputTypes: segment.outputs.map(({ type }) => type),
  });
  segment.outputs.forEach((value, index) => void values.set(value, outputs[index]));
}

function originOf({ origin, name }: Node): readonly string[] {
  return origin.length > 0 ? origin : [name];
}
