import {
  type Diagnostic,
  type Graph,
  givenInputs,
  printType,
  resultOutputs,
  sameQuantization,
  type Value,
} from "@millrace/ir";

/** Warnings of inputs and outputs of a quantized graph that are not as those at the same places of the graph that it was to be like. */
export function interfaceDifferences(made: Graph, like: Graph): readonly Diagnostic[] {
  const outputsOf = (graph: Graph) => resultOutputs(graph).map(({ value }) => value);
  return [
    ...differences("input", givenInputs(made), givenInputs(like)),
    ...differences("output", outputsOf(made), outputsOf(like)),
  ].map((message) => ({
    code: "like.interface-differs",
    severity: "warning",
    message,
    hint: "whoever feeds the model or reads its results has to know of this",
  }));
}

function differences(kind: string, ours: readonly Value[], theirs: readonly Value[]): readonly string[] {
  return ours.flatMap(({ name, type }, at) => {
    const other = theirs[at].type;
    const isSame = type.dtype === other.dtype && sameQuantization(type.quantization, other.quantization);
    if (isSame) return [];
    return [`${kind} ${name} is ${printType(type)}, and ${kind} ${at} of the given model is ${printType(other)}`];
  });
}
