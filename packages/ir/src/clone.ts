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
  for (const node of source.nodes()) copyNode(node, graph, values, before, constants);
  return source.outputs.map((value) => copyValue(value, graph, values, constants));
}

/** The same for one node, whose inputs are there or constant. */
export function copyNode(
  { op, name, inputs, outputs, attributes, origin }: Node,
  graph: Graph,
  values: Map<Value, Value>,
  before?: Node,
  constants: Map<Value, Value> = values,
): void {
  const copy = graph.addNode({
    op,
    name,
    attributes: cloneAttributes(attributes),
    origin,
    inputs: inputs.map((value) => value && copyValue(value, graph, values, constants)),
    outputNames: outputs.map((output) => output.name),
    outputTypes: outputs.map(({ type }) => type),
    ...(before && { before }),
  });
  for (const [index, output] of outputs.entries()) values.set(output, copy.outputs[index]);
}

/** What a value is in the other graph, to which it is added if it is constant and not there yet. */
export function copyValue(
  value: Value,
  graph: Graph,
  values: ReadonlyMap<Value, Value>,
  constants: Map<Value, Value>,
): Value {
  const known = values.get(value) ?? constants.get(value);
  if (known !== undefined || value.constant === undefined) return known!;
  const copy = graph.addConstant(value.name, value.constant, value.type.quantization);
  constants.set(value, copy);
  return copy;
}

/** Attributes for another node: the same, with copies of the graphs among them. */
export function cloneAttributes(attributes: Attributes): Attributes {
  const entries = Object.entries(attributes);
  if (!entries.some(([, value]) => value instanceof Graph)) return attributes;
  return Object.fromEntries(
    entries.map(([name, value]) => [name, value instanceof Graph ? cloneGraph(value).graph : value]),
  );
}
