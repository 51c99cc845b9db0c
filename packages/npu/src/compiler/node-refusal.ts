import { DiagnosticError, type Node } from "@millrace/ir";

/** A program that can't be made because of one node, or of others too, which may be left to the processor instead. */
export class NodeRefusal extends DiagnosticError {
  readonly node: Node;
  /** Why, as it is said of nodes that the processor computes. */
  readonly reason: string;
  readonly others: readonly NodeRefusal[];

  constructor(node: Node, code: string, reason: string, hint: string, others: readonly NodeRefusal[] = []) {
    super([
      {
        code,
        severity: "error",
        message: `${node.name} can't be computed by the array: ${reason}`,
        at: { node: node.name },
        hint,
      },
      ...others.flatMap(({ diagnostics }) => diagnostics),
    ]);
    this.others = others;
    this.node = node;
    this.reason = reason;
  }
}
