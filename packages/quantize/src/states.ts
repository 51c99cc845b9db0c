import type { Graph, Node, Quantization, State, Value } from "@millrace/ir";
import { quantizeConstant } from "@millrace/passes";
import type { ActivationType } from "./scheme.ts";

/** A state of the float graph, and the type that it is kept in. */
export interface KeptState {
  readonly state: State;
  readonly input: Value;
  /** Its place among the graph's outputs. */
  readonly place: number;
  readonly dtype: ActivationType;
}

/** States are integers where a node that reads or makes them is; others stay as they are, since nothing would gain by it. */
export function keptStates(graph: Graph, typeOf: (node: Node) => ActivationType): readonly KeptState[] {
  const inputs = new Map(graph.inputs.map((input) => [input.name, input]));
  return graph.states.map((state) => {
    const input = inputs.get(state.input)!;
    const place = graph.outputNames.lastIndexOf(state.output);
    const nodes = [...input.uses].flatMap(({ user }) => (user === graph.results ? [] : [user]));
    const types = nodes.concat(graph.outputs[place].producer ?? []).map(typeOf);
    const dtype = input.type.dtype === "f32" ? types.find((type) => type !== "f32") : undefined;
    return { state, input, place, dtype: dtype ?? "f32" };
  });
}

/** The state as the integer graph keeps it: what it starts with has the parameters of its input if that is integers. */
export function stateWith({ state, dtype }: KeptState, quantization: Quantization | undefined): State {
  const { initial } = state;
  return initial && quantization ? { ...state, initial: quantizeConstant(initial, { dtype, quantization }) } : state;
}
