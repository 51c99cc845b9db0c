import { type Graph, initialContents } from "@millrace/ir";
import type { PreparedGraph } from "./engine.ts";

/**
 * A prepared graph that feeds the graph's states itself: what they start with at first, then what the run before gave. A feed for a state
 * takes its place. Its runs must not overlap.
 */
export function carryStates(graph: Graph, prepared: PreparedGraph): PreparedGraph {
  if (graph.states.length === 0) return prepared;
  const links = graph.states.map((state) => ({
    state,
    input: graph.inputs.find(({ name }) => name === state.input)!,
    output: graph.outputs[graph.outputNames.indexOf(state.output)],
  }));
  const carried = new Map(links.map(({ input, state }) => [input.name, initialContents(input, state)]));
  return {
    async run(feeds, options) {
      const results = await prepared.run(new Map([...carried, ...feeds]), options);
      for (const { input, output } of links) carried.set(input.name, results.get(output.name)!);
      return results;
    },
    dispose: () => prepared.dispose(),
  };
}
