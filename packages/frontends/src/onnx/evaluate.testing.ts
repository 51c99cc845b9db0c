import { bindDimension, type Graph, type Node, type Tensor, type Value, type ValueType } from "@millrace/ir";

/**
 * Results of a graph, by each operator's own evaluation. Inputs are given in the graph's order and settle its open sizes, but for those that data
 * decides.
 */
export function evaluateGraph(graph: Graph, inputs: readonly Tensor[]): readonly Tensor[] {
  const tensors = new Map<Value, Tensor>(graph.inputs.map((input, index) => [input, inputs[index]]));
  const sizes = new Map<string, number>();
  const settle = ({ type }: Value, { shape }: Tensor) => {
    for (const [axis, size] of type.shape.entries())
      if (typeof size === "string" && !sizes.has(size)) sizes.set(size, shape[axis]);
  };
  for (const [index, value] of graph.inputs.entries()) settle(value, inputs[index]);
  const read = (value: Value) => value.constant ?? tensors.get(value)!;
  for (const node of graph.nodes()) {
    const results = evaluateNode(node, read, sizes);
    for (const [index, output] of node.outputs.entries()) {
      tensors.set(output, results[index]);
      settle(output, results[index]);
    }
  }
  return graph.outputs.map(read);
}

function evaluateNode(
  { op, inputs, outputs, attributes }: Node,
  read: (value: Value) => Tensor,
  sizes: ReadonlyMap<string, number>,
): readonly Tensor[] {
  const bound = ({ type }: Value): ValueType => ({
    ...type,
    shape: type.shape.map((size) => bindDimension(size, sizes)),
  });
  const settled = Object.entries(attributes).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.map((size) => bindDimension(size, sizes)) : value,
  ]);
  return op.evaluate!(
    inputs.map((input) => input && read(input)),
    Object.fromEntries(settled),
    outputs.map(bound),
    inputs.map((input) => input && bound(input)),
  );
}
