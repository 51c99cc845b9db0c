import type { Graph } from "./graph.ts";
import type { Value } from "./node.ts";

/** An output and what the model's user calls it. */
export interface NamedOutput {
  readonly name: string;
  readonly value: Value;
}

/** Inputs that whoever runs the graph has to give: all but those that its states feed. */
export function givenInputs(graph: Graph): readonly Value[] {
  const fed = new Set(graph.states.map(({ input }) => input));
  return graph.inputs.filter(({ name }) => !fed.has(name));
}

/** Outputs that are results of the model: all but those that are there for its states. */
export function resultOutputs(graph: Graph): readonly NamedOutput[] {
  const kept = new Set(graph.states.map(({ output }) => graph.outputNames.lastIndexOf(output)));
  return graph.outputs.flatMap((value, index) => (kept.has(index) ? [] : [{ name: graph.outputNames[index], value }]));
}
