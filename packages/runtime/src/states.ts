import { allocate, elementCount, type Graph, type Tensor, type Value } from "@millrace/ir";
import type { PreparedGraph } from "./engine.ts";

/** Zeros; integers that stand for reals have the zero point. */
function zerosOf({ type }: Value): Tensor {
  const shape = type.shape as readonly number[];
  const data = allocate(type.dtype, elementCount(shape));
  const [zero = 0] = type.quantization?.zeroPoint ?? [];
  if (zero !== 0) (data as Int8Array).fill(zero);
  return { dtype: type.dtype, shape, data };
}

/**
 * A prepared graph that feeds the graph's states itself: what they start with at first, then what the run before gave. A feed for a state
 * takes its place. Its runs must not overlap.
 */
export function carryStates(graph: Graph, prepared: PreparedGraph): PreparedGraph {
  if (graph.states.length === 0) return prepared;
  const links = graph.states.map(({ input, output, initial }) => ({
    initial,
    input: graph.inputs.find(({ name }) => name === input)!,
    output: graph.outputs[graph.outputNames.indexOf(output)],
  }));
  const carried = new Map(links.map(({ input, initial }) => [input.name, initial ?? zerosOf(input)]));
  return {
    async run(feeds, options) {
      const results = await prepared.run(new Map([...carried, ...feeds]), options);
      for (const { input, output } of links) carried.set(input.name, results.get(output.name)!);
      return results;
    },
    dispose: () => prepared.dispose(),
  };
}
