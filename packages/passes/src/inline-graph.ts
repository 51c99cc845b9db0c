import { cloneAttributes, type Graph, type Node, type Value } from "@millrace/ir";

/**
 * Copies the nodes of `body`, whose inputs are `inputs` of the graph, before a node or to the end; gives what its outputs are in the
 * graph. `constants` are those of the body that the graph has already; what is added joins them.
 */
export function inlineGraph(
  graph: Graph,
  body: Graph,
  inputs: readonly Value[],
  before?: Node,
  constants: Map<Value, Value> = new Map(),
): readonly Value[] {
  const values = new Map(body.inputs.map((input, index) => [input, inputs[index]]));
  const copyOf = (value: Value): Value => {
    const known = values.get(value) ?? constants.get(value);
    if (known) return known;
    const added = graph.addConstant(value.name, value.constant!, value.type.quantization);
    constants.set(value, added);
    return added;
  };
  for (const { op, name, inputs, outputs, attributes, origin } of body.nodes()) {
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
  return body.outputs.map(copyOf);
}
