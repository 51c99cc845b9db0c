import { Graph } from "./graph.ts";
import type { Node, Value } from "./node.ts";
import type { Attributes } from "./operator.ts";

/** A copy of a graph that can be changed on its own, and where each value went. Constant data is shared. */
export interface GraphCopy {
  readonly graph: Graph;
  readonly values: ReadonlyMap<Value, Value>;
}

/** Copies nodes, values, names and bodies; tensors of constants are shared, not copied. */
export function cloneGraph(source: Graph): GraphCopy {
  const graph = new Graph(source.name);
  const values = new Map(source.inputs.map((input) => [input, graph.addInput(input.name, input.type)]));
  graph.setOutputs(copyNodes(source, graph, values), source.outputNames);
  graph.states = source.states;
  return { graph, values };
}

/**
 * Copies the nodes of `source` into another graph, before a node of that or to its end; gives what the outputs of `source` are there. `values` are what
 * its inputs are there, and `constants` those of its constants that are there already; what is copied joins them.
 */
export function copyNodes(
  source: Graph,
  graph: Graph,
  values: Map<Value, Value>,
  before?: Node,
  constants: Map<Value, Value> = values,
): readonly Value[] {
  const copyOf = (value: Value): Value => {
    const known = values.get(value) ?? constants.get(value);
    if (known !== undefined || value.constant === undefined) return known!;
    const copy = graph.addConstant(value.name, value.constant, value.type.quantization);
    constants.set(value, copy);
    return copy;
  };
  for (const { op, name, inputs, outputs, attributes, origin } of source.nodes()) {
    const copy = graph.addNode({
      op,
      name,
      attributes: cloneAttributes(attributes),
      origin,
      inputs: inputs.map((value) => value && copyOf(value)),
      outputNames: outputs.map((output) => output.name),
      outputTypes: outputs.map(({ type }) => type),
      ...(before && { before }),
    });
    for (const [index, output] of outputs.entries()) values.set(output, copy.outputs[index]);
  }
  return source.outputs.map(copyOf);
}

/** Attributes for another node: the same, with copies of the graphs among them. */
export function cloneAttributes(attributes: Attributes): Attributes {
  const entries = Object.entries(attributes);
  if (!entries.some(([, value]) => value instanceof Graph)) return attributes;
  return Object.fromEntries(
    entries.map(([name, value]) => [name, value instanceof Graph ? cloneGraph(value).graph : value]),
  );
}
