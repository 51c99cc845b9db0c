import type { Graph, Tensor, Value } from "@millrace/ir";
import type { Builder } from "./builder.ts";
import type { Problems } from "./problems.ts";

/** Lets inputs be the tensors given for them, by name or index, where an operator can't do without their contents. */
export function offerValues(builder: Builder, { inputs }: Graph, values: ReadonlyMap<string, Tensor>): void {
  for (const [index, input] of inputs.entries()) {
    const value = values.get(input.name) ?? values.get(String(index));
    if (value && fits(value, input)) builder.offer(input, value);
  }
}

function fits({ dtype, shape }: Tensor, { type }: Value): boolean {
  return dtype === type.dtype && shape.length === type.shape.length;
}

/** Puts constants in the place of inputs whose contents the graph depends on. */
export function fixInputs({ graph, taken }: Builder, problems: Problems): void {
  for (const [input, tensor] of taken) {
    graph.removeInput(input, graph.addConstant(`${input.name}/constant`, tensor, input.type.quantization));
    problems.add({
      code: "onnx.fixed-input",
      severity: "info",
      message: `The input "${input.name}" became a constant: an operator needs its contents when the model is converted.`,
      at: { value: input.name },
    });
  }
}
