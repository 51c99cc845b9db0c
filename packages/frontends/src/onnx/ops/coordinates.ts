import type { Value } from "@millrace/ir";
import { notEqual, where } from "@millrace/ops";
import type { SourceNode } from "../source-node.ts";
import { formulaOf } from "./formula.ts";

/** Coordinates of the elements of a vector or more that are not 0, int64 [their number, axes]; `stated` is that number where the model tells it. */
export function coordinates(node: SourceNode, x: Value, stated: number | undefined): Value {
  const condition = x.type.dtype === "bool" ? x : formulaOf(node)(notEqual, x, 0);
  return node.compute(where, [condition], { shape: [node.decidedSize(stated), x.type.shape.length] });
}
