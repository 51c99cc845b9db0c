import type { Graph, Quantization, State, Value } from "@millrace/ir";
import { quantizeConstant } from "@millrace/passes";
import { isQuantizable } from "./groups.ts";

/** A state of the float graph, and whether it is kept as integers or as it is. */
export interface KeptState {
  readonly state: State;
  readonly input: Value;
  /** Its place among the graph's outputs. */
  readonly place: number;
  readonly integer: boolean;
}

/** States are integers where a node that reads or makes them is; others stay as they are, since nothing would gain by it. */
export function keptStates(graph: Graph): readonly KeptState[] {
  const inputs = new Map(graph.inputs.map((input) => [input.name, input]));
  return graph.states.map((state) => {
    const input = inputs.get(state.input)!;
    const place = graph.outputNames.lastIndexOf(state.output);
    const nodes = [...input.uses].map(({ user }) => user).concat(graph.outputs[place].producer ?? []);
    return { state, input, place, integer: input.type.dtype === "f32" && nodes.some(isQuantizable) };
  });
}

/** The state as the integer graph keeps it: what it starts with has the parameters of its input if that is integers. */
export function stateWith({ state, integer }: KeptState, parameters: Quantization): State {
  const { initial } = state;
  return initial && integer
    ? { ...state, initial: quantizeConstant(initial, { dtype: "i8", quantization: parameters }) }
    : state;
}
