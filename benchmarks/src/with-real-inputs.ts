import { copyNode, copyValue, Graph, type Value } from "@millrace/ir";
import { quantize } from "@millrace/ops";

/** An integer graph whose int8 inputs are made of real numbers first. */
export function withRealInputs(source: Graph): Graph {
  const graph = new Graph(source.name);
  const values = new Map<Value, Value>();
  for (const input of source.inputs) {
    const { dtype, shape, quantization } = input.type;
    const isByte = dtype === "i8" && quantization !== undefined;
    const own = graph.addInput(input.name, isByte ? { dtype: "f32", shape } : input.type);
    values.set(input, isByte ? quantized(graph, own, input) : own);
  }
  for (const node of source.nodes()) copyNode(node, graph, values);
  graph.setOutputs(
    source.outputs.map((value) => copyValue(value, graph, values, values)),
    source.outputNames,
  );
  return graph;
}

function quantized(graph: Graph, reals: Value, { type }: Value): Value {
  const { scale, zeroPoint } = type.quantization!;
  const attributes = { dtype: "i8", scale, zeroPoint, axis: -1, rounding: "away" };
  return graph.addNode({ op: quantize, inputs: [reals], attributes, outputTypes: [type] }).outputs[0];
}
