import type { Node } from "@millrace/ir";

/** The place of the input that an operator's rule names. */
export function slotOf(node: Node, name: string): number {
  return node.op.inputs.findIndex((slot) => slot.name === name);
}
