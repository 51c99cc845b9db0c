import type { DType, Operator, Value } from "@millrace/ir";
import { cast } from "@millrace/ops";
import type { SourceNode } from "../source-node.ts";

/** A value of the graph, or a number, which takes the element type of the values beside it. */
export type Operand = Value | number;

/** Adds one step of a formula: an element-wise operator without attributes of its own, on its operands in order. */
export type Formula = (op: Operator, ...operands: readonly Operand[]) => Value;

/** Writes formulas out in the place of `node`: `of(add, x, of(mul, 2, y))` is x + 2 · y. */
export function formulaOf(node: SourceNode): Formula {
  return (op, ...operands) => {
    const dtype = operands.findLast((operand) => typeof operand !== "number")?.type.dtype;
    const values = operands.map((operand) => (typeof operand === "number" ? node.scalar(operand, dtype) : operand));
    return node.compute(op, values, "activation" in op.attributes ? { activation: "none" } : {});
  };
}

/** `value` in the element type `to`. */
export function converted(node: SourceNode, value: Value, to: DType): Value {
  return value.type.dtype === to ? value : node.compute(cast, [value], { to });
}
