import { sameQuantization, sameShape, type Value } from "@millrace/ir";
import { type Call, input, invalid, neededOptions, refuse, statedType } from "./call.ts";
import { define } from "./emit.ts";
import { takes, takesOnly } from "./importer.ts";
import { constantOf, tensorName } from "./tensors.ts";

export const variableHandle = takes(0, 0, (call) => {
  const { sharedName } = neededOptions(call, "VarHandleOptions");
  call.scope.variables.handles.set(call.stored.outputs[0], sharedName ?? "");
});

function variableName({ scope, stored, ...rest }: Call): string {
  const name = scope.variables.handles.get(stored.inputs[0]);
  return name ?? invalid({ scope, stored, ...rest }, "its input 0 is no handle of a variable");
}

/** A variable that is read before it was assigned is an input of the graph, which keeps what it is unless assigned later. */
export const readVariable = takes(1, 1, (call) => {
  const { graph, states, variables } = call.scope;
  const name = variableName(call);
  const stated = statedType(call);
  let value = variables.current.get(name);
  if (value === undefined) {
    value = graph.addInput(name || call.name, stated);
    const initial = variables.initial.get(name);
    if (initial) checkType(call, value, { ...stated, dtype: initial.dtype, shape: initial.shape });
    variables.current.set(name, value);
    variables.inputs.set(name, value);
    states.set(value, { after: value, initial });
  }
  checkType(call, value, stated);
  define(call, 0, value);
});

export const assignVariable = takesOnly(2, (call) => {
  const { states, variables } = call.scope;
  const name = variableName(call);
  const [value, before] = [input(call, 1), variables.current.get(name)];
  if (before) checkType(call, value, before.type);
  const state = variables.inputs.get(name);
  if (state) states.set(state, { ...states.get(state), after: value });
  variables.current.set(name, value);
});

function checkType(call: Call, { type }: Value, { dtype, shape, quantization }: Value["type"]): void {
  if (type.dtype === dtype && sameShape(type.shape, shape) && sameQuantization(type.quantization, quantization)) return;
  const why = "its variable is read and assigned with different types";
  refuse(call, "tflite.variable", why, "Export the model with its state as inputs and outputs.");
}

/** CALL_ONCE of a subgraph that assigns constants to variables. */
export const callOnce = takesOnly(0, (call) => {
  const { model, variables } = call.scope;
  const subgraph = model.subgraphs[neededOptions(call, "CallOnceOptions").initSubgraphIndex];
  const hint = "Export the model without initialisation calls.";
  const refuseOther = (): never => refuse(call, "tflite.subgraphs", "it does more than to initialise variables", hint);
  if (subgraph === undefined || subgraph === call.scope.subgraph) invalid(call, "the subgraph it calls is missing");
  call.scope.reached.add(subgraph);
  const names = new Map<number, string>();
  for (const { opcodeIndex, inputs, outputs, builtinOptions } of subgraph.operators) {
    const builtin = model.operatorCodes[opcodeIndex].builtinCode;
    if (builtin === "VAR_HANDLE" && builtinOptions?.kind === "VarHandleOptions") {
      names.set(outputs[0], builtinOptions.sharedName ?? "");
      continue;
    }
    const [name, tensor] = [names.get(inputs[0]), subgraph.tensors[inputs[1]]];
    const bytes = tensor && model.buffers[tensor.buffer]?.data;
    if (builtin !== "ASSIGN_VARIABLE" || name === undefined || !bytes) return refuseOther();
    const own = tensorName(tensor, inputs[1]);
    variables.initial.set(name, constantOf(tensor, bytes, own));
  }
});
