import { cloneGraph, type Graph, type Tensor, type Value } from "@millrace/ir";
import { quantizeConstant } from "@millrace/passes";

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

/** An integer result and the float value that it stands for. */
export interface Twins {
  readonly value: Value;
  readonly twin: Value;
}

/** What isolated layers read: the graph's own inputs, and the float values as integers. */
export function isolatedFeeds(
  { fed }: IsolatedLayers,
  given: ReadonlyMap<string, Tensor>,
  layers: readonly Twins[],
  expected: ReadonlyMap<string, Tensor>,
): ReadonlyMap<string, Tensor> {
  const feeds = new Map(given);
  for (const { value, twin } of layers) {
    const { dtype, quantization } = value.type;
    const integers = quantizeConstant(expected.get(twin.name)!, { dtype, quantization: quantization! });
    feeds.set(fed.get(value.name)!.name, integers);
  }
  return feeds;
}
