import { allocate, elementCount, type Graph, type Tensor, type Value } from "@millrace/ir";
import type { PreparedGraph } from "./engine.ts";

/** The zeros that a state starts with; integers that stand for reals have the zero point. */
function initial({ type }: Value): Tensor {
  const shape = type.shape as readonly number[];
  const data = allocate(type.dtype, elementCount(shape));
  const [zero = 0] = type.quantization?.zeroPoint ?? [];
  if (zero !== 0) (data as Int8Array).fill(zero);
  return { dtype: type.dtype, shape, data };
}

/**
 * A prepared graph that feeds the graph's states itself: zeros at first, then what the run before gave. A feed for a state
 * takes its place. Its runs must not overlap.
 */
export function carryStates(graph: Graph, prepared: PreparedGraph): PreparedGraph {
  if (graph.states.length === 0) return prepared;
  const links = graph.states.map(({ input, output }) => ({
    input: graph.inputs.find(({ name }) => name === input)!,
    output: graph.outputs[graph.outputNames.indexOf(output)],
  }));
  const carried = new Map(links.map(({ input }) => [input.name, initial(input)]));
  return {
    async run(feeds, options) {
      const results = await prepared.run(new Map([...carried, ...feeds]), options);
      for (const { input, output } of links) carried.set(input.name, results.get(output.name)!);
      return results;
    },
    dispose: () => prepared.dispose(),
  };
}
