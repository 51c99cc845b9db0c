import { cloneAttributes, DiagnosticError, Graph, type Operator, type OperatorSample, type Value } from "@millrace/ir";
import { prepare, type TargetFormat, write } from "@millrace/toolkit";

/** What a target makes of an operator: the operators of its format, or why it has none. */
export type Lowered = { readonly operators: readonly string[] } | { readonly reason: string };

/** How a target writes an operator's samples: what is common to files of one node. */
export function loweredBy(to: TargetFormat, op: Operator): Lowered {
  const operators = new Set<string>();
  let reason = "it has no samples";
  for (const sample of op.samples) {
    try {
      for (const name of Object.keys(write(graphOf(op, sample), to).operators)) operators.add(name);
    } catch (error) {
      if (!(error instanceof DiagnosticError)) throw error;
      reason = reasonIn(error);
    }
  }
  for (const wrapping of ["Identity", "TRANSPOSE", "Transpose", "aten::permute_copy.out"])
    if (operators.size > 1) operators.delete(wrapping);
  return operators.size > 0 ? { operators: [...operators].sort() } : { reason };
}

/** The end of the sentence "node can't be written: reason." */
function reasonIn({ diagnostics: [first] }: DiagnosticError): string {
  return first.message.replace(/^.*?can't be written(?: as ONNX| for ExecuTorch)?: /, "").replace(/\.$/, "");
}

/** A graph of one node, ready for a channel-last target; the first input flows, the others are constants. */
function graphOf(op: Operator, { attributes, inputs, quantizations = [] }: OperatorSample): Graph {
  const graph = new Graph("sample");
  const values = inputs.map((tensor, index): Value | undefined => {
    const quantization = quantizations[index];
    if (tensor === undefined || index > 0) return tensor && graph.addConstant(`operand${index}`, tensor, quantization);
    return graph.addInput("x", { dtype: tensor.dtype, shape: tensor.shape, ...(quantization && { quantization }) });
  });
  graph.setOutputs(graph.addNode({ op, inputs: values, attributes: cloneAttributes(attributes), name: "y" }).outputs);
  const model = { name: "sample.onnx", format: "onnx", bytes: 0, graph, inputNames: [], diagnostics: [] } as const;
  return prepare(model, { ioLayout: "source" }).graph;
}
