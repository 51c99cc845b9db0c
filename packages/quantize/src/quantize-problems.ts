import type { Diagnostic, Node, Value } from "@millrace/ir";

/** Blocks were asked for, and no weights can have them. */
export const blocksUnused: Diagnostic = {
  code: "quantize.block-unused",
  severity: "warning",
  message: "blocks had no effect: only weights of the scheme dynamic-int4 can have a scale for each",
  hint: "leave the block out, or choose the scheme dynamic-int4",
};

/** A node computes in fewer bits than were asked for. */
export function inBytes(node: Node): Diagnostic {
  return {
    code: "quantize.eight-bits-only",
    severity: "info",
    message: `${node.name} (${node.op.name}) computes in int8: its operator has no form in 16 bits`,
    at: { node: node.name },
    hint: "give it the scheme float32 if its accuracy matters more than integers",
  };
}

/** A value has to be integers, and nothing was seen of it. */
export function unknownRange({ name, producer }: Value): Diagnostic {
  return {
    code: "quantize.range-unknown",
    severity: "error",
    message: `nothing tells the range of ${name}: no given model has it in its type, and there are no samples`,
    at: { value: name, ...(producer && { node: producer.name }) },
    hint: "give samples with --data, from which the ranges of such values are taken",
  };
}
