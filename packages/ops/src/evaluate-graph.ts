import { DiagnosticError, type Graph, type Tensor, type Value } from "@millrace/ir";

/** The graph's outputs for inputs in its own order. */
export function evaluateBody(body: Graph, inputs: readonly Tensor[]): readonly Tensor[] {
  const tensors = evaluateGraph(body, new Map(body.inputs.map(({ name }, index) => [name, inputs[index]])));
  return body.outputs.map((output) => output.constant ?? tensors.get(output)!);
}

/**
 * Computes a graph of real values node by node with the operators' own reference evaluation. Slow and plain: what other
 * ways of running are held against. `feeds` are keyed by input name; the result holds every value of the graph.
 */
export function evaluateGraph(graph: Graph, feeds: ReadonlyMap<string, Tensor>): ReadonlyMap<Value, Tensor> {
  const tensors = new Map<Value, Tensor>(graph.inputs.map((input) => [input, feeds.get(input.name)!]));
  for (const node of graph.nodes()) {
    const { op, inputs, outputs, attributes } = node;
    if (op.evaluate === undefined) {
      throw new DiagnosticError([
        {
          code: "graph.not-computable",
          severity: "error",
          message: `${node.name} (${op.name}) has no reference evaluation`,
          at: { node: node.name },
        },
      ]);
    }
    const operands = inputs.map((value) => value && (value.constant ?? tensors.get(value)));
    const results = op.evaluate(
      operands,
      attributes,
      outputs.map(({ type }) => type),
      inputs.map((value) => value?.type),
    );
    for (const [index, output] of outputs.entries()) tensors.set(output, results[index]);
  }
  return tensors;
}
