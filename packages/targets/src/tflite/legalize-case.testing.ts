import type { Attributes, Graph, Operator, Tensor } from "@millrace/ir";
import { oneNode } from "./graphs.testing.ts";

/** A graph of one node, and the file's operators it becomes. */
export interface LegalizeCase {
  readonly name: string;
  readonly becomes: readonly string[];
  readonly x: Tensor;
  graph(): Graph;
}

export function legalizeCase(
  name: string,
  becomes: string,
  op: Operator,
  operands: readonly (Tensor | undefined)[],
  attributes: Attributes,
): LegalizeCase {
  return { name, becomes: becomes.split(" "), x: operands[0]!, graph: () => oneNode(op, operands, attributes) };
}
