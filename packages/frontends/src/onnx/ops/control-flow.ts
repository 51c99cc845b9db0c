import { fail, scalarOf } from "@millrace/ir";
import type { Importer, Result, SourceNode } from "../source-node.ts";

function branch(node: SourceNode): readonly Result[] {
  const condition = node.input(0);
  const { attributes } = node;
  const [whenTrue, whenFalse] = [attributes.graph("then_branch"), attributes.graph("else_branch")];
  if (!node.isConstant(condition))
    fail("onnx.unsupported-control-flow", "its condition is computed while the model runs", {
      hint: "Export the model with fixed shapes, so that the condition is a constant, or without the branch.",
    });
  return node.inline(scalarOf(node.tensor(0)) !== 0 ? whenTrue : whenFalse, []);
}

/** Operators that hold graphs. */
export const controlFlow: Readonly<Record<string, Importer>> = { If: branch };
