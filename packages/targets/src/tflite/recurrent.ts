import { lstm, svdf } from "@millrace/ops";
import { activationNames, type Lowering } from "./lowering.ts";

/** The state is a variable tensor of the file, so that its next value is no result there. */
export const lowerSvdf: Lowering = (node) => {
  const { rank, activation } = svdf.attributesOf(node);
  return {
    builtin: "SVDF",
    operands: node.inputs,
    results: [node.outputs[0]],
    options: { kind: "SVDFOptions", rank, fusedActivationFunction: activationNames[activation] },
  };
};

/** Peepholes, projection and layer normalization are absent; the states are variable tensors of the file. */
export const lowerLstm: Lowering = (node) => {
  const { timeMajor, cellClip } = lstm.attributesOf(node);
  const [x, ...operands] = node.inputs;
  const [weights, biases, states] = [operands.slice(0, 8), operands.slice(8, 12), operands.slice(12)];
  const none = (count: number) => new Array<undefined>(count).fill(undefined);
  const [result] = node.outputs;
  return {
    builtin: "UNIDIRECTIONAL_SEQUENCE_LSTM",
    operands: [x, ...weights, ...none(3), ...biases, ...none(2), ...states, ...none(4)],
    results: [result],
    intermediates: result.type.quantization ? [...none(4), result.type] : [],
    options: { kind: "UnidirectionalSequenceLSTMOptions", fusedActivationFunction: "TANH", timeMajor, cellClip },
  };
};
