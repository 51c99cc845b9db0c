import { allocate } from "./dtype.ts";
import type { Graph } from "./graph.ts";
import type { State, Value } from "./node.ts";
import { elementCount } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

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

/** What a state's input holds in the first run: zeros where the state doesn't say; integers that stand for reals have the zero point. */
export function initialContents({ type }: Value, { initial }: State): Tensor {
  if (initial) return initial;
  const shape = type.shape as readonly number[];
  const data = allocate(type.dtype, elementCount(shape));
  const [zero = 0] = type.quantization?.zeroPoint ?? [];
  if (zero !== 0) (data as Int8Array).fill(zero);
  return { dtype: type.dtype, shape, data };
}
