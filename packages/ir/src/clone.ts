import { Graph } from "./graph.ts";
import type { Value } from "./node.ts";
import type { Attributes } from "./operator.ts";

/** A copy of a graph that can be changed on its own, and where each value went. Constant data is shared. */
export interface GraphCopy {
  readonly graph: Graph;
  readonly values: ReadonlyMap<Value, Value>;
}

/** Copies nodes, values, names and bodies; tensors of constants are shared, not copied. */
export function cloneGraph(source: Graph): GraphCopy {
  const graph = new Graph(source.name);
  const values = new Map<Value, Value>();
  const copyOf = (value: Value) => {
    const known = values.get(value);
    if (known !== undefined || value.constant === undefined) return known!;
    const copy = graph.addConstant(value.name, value.constant, value.type.quantization);
    values.set(value, copy);
    return copy;
  };
  for (const input of source.inputs) values.set(input, graph.addInput(input.name, input.type));
  for (const { op, name, inputs, outputs, attributes, origin } of source.nodes()) {
    const copy = graph.addNode({
      op,
      name,
      attributes: cloneAttributes(attributes),
      origin,
      inputs: inputs.map((value) => value && copyOf(value)),
      outputNames: outputs.map((output) => output.name),
      outputTypes: outputs.map(({ type }) => type),
    });
    for (const [index, output] of outputs.entries()) values.set(output, copy.outputs[index]);
  }
  graph.setOutputs(source.outputs.map(copyOf), source.outputNames);
  graph.states = source.states;
  return { graph, values };
}

/** Attributes for another node: the same, with copies of the graphs among them. */
export function cloneAttributes(attributes: Attributes): Attributes {
  const entries = Object.entries(attributes);
  if (!entries.some(([, value]) => value instanceof Graph)) return attributes;
  return Object.fromEntries(
    entries.map(([name, value]) => [name, value instanceof Graph ? cloneGraph(value).graph : value]),
  );
}
