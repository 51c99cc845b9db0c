import { DiagnosticError, type Graph, initialContents, isStatic } from "@millrace/ir";
import type { EdgeProgram, EdgeStep } from "./edge-program.ts";

/**
 * The program that has buffers for those inputs and outputs of its graph that states link: its last steps, behind all that read a buffer, copy into each what it
 * holds in the next run. No output may share memory with an input. Throws `executorch.open-state` for states of open sizes.
 */
export function keepStates(program: EdgeProgram, graph: Graph): EdgeProgram {
  refuseOpenStates(graph);
  const states = graph.states.map((state) => {
    const index = graph.inputs.findIndex(({ name }) => name === state.input);
    const next = program.outputs[graph.outputNames.lastIndexOf(state.output)];
    return { buffer: program.inputs[index], initial: initialContents(graph.inputs[index], state), next };
  });
  const buffers = new Set(states.map(({ buffer }) => buffer));
  const kept = new Set(states.map(({ next }) => next));
  const writes = states.map(
    ({ buffer, next }): EdgeStep => ({
      operator: "aten.copy.default",
      positional: [buffer, next],
      keywords: {},
      results: [buffer],
      origin: [buffer.name],
    }),
  );
  return {
    ...program,
    inputs: program.inputs.filter((input) => !buffers.has(input)),
    states: states.map(({ buffer, initial }) => ({ buffer, initial })),
    steps: [...program.steps, ...writes],
    outputs: program.outputs.filter((output) => !kept.has(output)),
  };
}

function refuseOpenStates({ inputs, states }: Graph): void {
  const kept = new Set(states.map(({ input }) => input));
  const open = inputs.filter(({ name, type }) => kept.has(name) && !isStatic(type.shape));
  if (open.length === 0) return;
  throw new DiagnosticError(
    open.map(({ name, type }) => ({
      code: "executorch.open-state",
      severity: "error",
      message: `the state ${name} has the open sizes [${type.shape}], and buffers of ExecuTorch have fixed ones`,
      at: { value: name },
      hint: "give the sizes, as in --dim N=4",
    })),
  );
}
