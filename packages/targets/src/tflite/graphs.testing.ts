import { readTflite } from "@millrace/formats/tflite";
import { importTflite } from "@millrace/frontends/tflite";
import {
  type Attributes,
  bodiesOf,
  fromNumbers,
  Graph,
  type Operator,
  type Quantization,
  type Tensor,
  type Value,
} from "@millrace/ir";
import { evaluateGraph } from "@millrace/ops";
import { exportTflite } from "./export.ts";

/** A repeatable stream of numbers from -1 to 1. */
export function numberStream(seed = 1): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

export function randomTensor(shape: readonly number[], seed = 1): Tensor {
  const next = numberStream(seed);
  return fromNumbers("f32", shape, Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, next));
}

/** A graph of one node whose first operand is the graph's input and whose others are constants. */
export function oneNode(
  op: Operator,
  operands: readonly (Tensor | undefined)[],
  attributes: Attributes,
  quantizations: readonly (Quantization | undefined)[] = [],
): Graph {
  const graph = new Graph("one");
  const inputs = operands.map((tensor, index): Value | undefined => {
    const quantization = quantizations[index];
    if (tensor === undefined || index > 0) {
      return tensor && graph.addConstant(`operand${index}`, tensor, quantization);
    }
    return graph.addInput("x", { dtype: tensor.dtype, shape: tensor.shape, ...(quantization && { quantization }) });
  });
  const node = graph.addNode({ op, inputs, attributes, name: "y" });
  graph.setOutputs(node.outputs);
  return graph;
}

/** The graph as it comes back from a file. */
export function throughFile(graph: Graph): Graph {
  return importTflite(readTflite(exportTflite(graph).bytes)).graph;
}

/** Results of a graph of real numbers for one input. */
export function resultsOf(graph: Graph, x: Tensor): readonly Tensor[] {
  const values = evaluateGraph(graph, new Map(graph.inputs.map(({ name }) => [name, x])));
  return graph.outputs.map((output) => output.constant ?? values.get(output)!);
}

/** Names of the file's operators in order. */
export function operatorsOf(graph: Graph): readonly string[] {
  const { model } = exportTflite(graph);
  return model.subgraphs[0].operators.map(({ opcodeIndex }) => model.operatorCodes[opcodeIndex].builtinCode);
}

/** The graph with nothing said about where its nodes came from, which files do not tell. */
export function withoutOrigins(source: Graph): Graph {
  const graph = new Graph(source.name);
  const copies = new Map<Value, Value>();
  const copyOf = (value: Value): Value => {
    const copy = copies.get(value) ?? graph.addConstant(value.name, value.constant!, value.type.quantization);
    copies.set(value, copy);
    return copy;
  };
  for (const input of source.inputs) copies.set(input, graph.addInput(input.name, input.type));
  for (const { op, name, inputs, outputs, ...node } of source.nodes()) {
    const bodies = bodiesOf(node.attributes).map(([attribute, body]) => [attribute, withoutOrigins(body)]);
    const attributes = { ...node.attributes, ...Object.fromEntries(bodies) };
    const outputNames = outputs.map((output) => output.name);
    const outputTypes = outputs.map(({ type }) => type);
    const operands = inputs.map((value) => value && copyOf(value));
    const copy = graph.addNode({ op, name, attributes, inputs: operands, outputNames, outputTypes });
    for (const [index, output] of outputs.entries()) copies.set(output, copy.outputs[index]);
  }
  graph.setOutputs(source.outputs.map(copyOf), source.outputNames);
  graph.states = source.states;
  return graph;
}
