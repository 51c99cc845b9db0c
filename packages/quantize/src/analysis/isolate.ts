import { cloneGraph, type Graph, type Value } from "@millrace/ir";

/** A graph that gives every layer its data from outside. */
export interface IsolatedLayers {
  readonly graph: Graph;
  /** The inputs that stand for results of layers, by the names of those. */
  readonly fed: ReadonlyMap<string, Value>;
  /** The results, by name. */
  readonly results: ReadonlyMap<string, Value>;
}

/**
 * A copy of a graph in which whoever reads one of the named results reads an input instead: run on the values of another graph, each layer
 * shows what it does wrong itself, and not what came to it.
 */
export function isolateLayers(source: Graph, names: ReadonlySet<string>): IsolatedLayers {
  const { graph } = cloneGraph(source);
  const { outputNames } = graph;
  const outputs = [...graph.outputs];
  graph.states = [];
  const fed = new Map<string, Value>();
  const results = new Map<string, Value>();
  for (const node of graph.nodes())
    for (const result of node.outputs) {
      if (!names.has(result.name)) continue;
      const input = graph.addInput(`isolated ${result.name}`, result.type);
      graph.replaceUses(result, input);
      fed.set(result.name, input);
      results.set(result.name, result);
    }
  graph.setOutputs(outputs, outputNames);
  return { graph, fed, results };
}
