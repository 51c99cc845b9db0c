import type { Quantization } from "@millrace/ir";
import { sameQuantization } from "@millrace/ir";
import { type Call, input, invalid, neededOptions, optionalInput, refuse, statedType, stateInput } from "./call.ts";
import { finishWithStates } from "./emit.ts";
import { activationOf, takes } from "./importer.ts";
import { tensorName, typeOf } from "./tensors.ts";

const hint = "Export the model with plain LSTM layers, or unroll them.";

export const svdf = takes(5, 5, (call) => {
  const { rank, fusedActivationFunction } = neededOptions(call, "SVDFOptions");
  const state = stateInput(call, 4);
  const inputs = [input(call, 0), input(call, 1), input(call, 2), optionalInput(call, 3), state];
  finishWithStates(call, "svdf", inputs, { rank, activation: activationOf(call, fusedActivationFunction) }, [state]);
});

/** Operands of the variants with peepholes, a projection or layer normalization. */
const extras = [9, 10, 11, 16, 17, 20, 21, 22, 23];

/** UNIDIRECTIONAL_SEQUENCE_LSTM with all four gates and nothing else. */
export const sequenceLstm = takes(20, 24, (call) => {
  const options = neededOptions(call, "UnidirectionalSequenceLSTMOptions");
  if (options.fusedActivationFunction !== "TANH") {
    refuse(call, "tflite.unsupported", `its activation is ${options.fusedActivationFunction}, not TANH`, hint);
  }
  const extra = extras.find((position) => optionalInput(call, position));
  if (extra !== undefined)
    refuse(call, "tflite.unsupported", `it has peepholes, a projection or layer normalization (input ${extra})`, hint);
  if (!optionalInput(call, 1)) refuse(call, "tflite.unsupported", "its input and forget gates are coupled", hint);
  checkHiddenScale(call);
  const operands = [0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 13, 14, 15].map((position) => input(call, position));
  const states = [stateInput(call, 18), stateInput(call, 19)];
  const { timeMajor, cellClip } = options;
  finishWithStates(call, "lstm", [...operands, ...states], { timeMajor, cellClip }, states);
});

/** The last of the intermediates says how a hidden value is stored before a projection: here as the result. */
function checkHiddenScale(call: Call): void {
  const index = call.stored.intermediates?.[4];
  const tensor = index === undefined ? undefined : call.scope.subgraph.tensors[index];
  const hidden: Quantization | undefined = tensor && typeOf(tensor, tensorName(tensor, index!)).quantization;
  const { quantization } = statedType(call);
  if (hidden && quantization && !sameQuantization(hidden, quantization))
    invalid(call, "its hidden values have another scale than its result");
}
