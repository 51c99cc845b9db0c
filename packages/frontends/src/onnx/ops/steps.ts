import type { Value } from "@millrace/ir";
import { concat, split } from "@millrace/ops";
import type { SourceNode } from "../source-node.ts";
import { reshaped } from "./weights.ts";

/** Nodes that one source node may be written out as; longer ones would be slow to run and larger than their weights. */
const maximumUnrolled = 2 ** 14;

/** Steps along an axis whose size has to be known, few enough to be written out with about `nodes` nodes each. */
export function stepsAlong(node: SourceNode, value: Value, axis: number, nodes: number): number {
  const steps = value.type.shape[axis];
  if (typeof steps === "string")
    return node.unsupported(`the number ${steps} of its steps is open`, `Give the size of ${steps}.`);
  if (!canUnroll(steps, nodes))
    node.unsupported(
      `its ${steps} steps are too many to be written out`,
      "Run the model on shorter sequences, one after the other.",
    );
  return steps;
}

/** Whether so many steps of so many nodes may be written out. */
export function canUnroll(steps: number, nodes: number): boolean {
  return steps * nodes <= maximumUnrolled;
}

/** The slices of a value along an axis, in order and without the axis. */
export function slicesAlong(node: SourceNode, value: Value, axis: number): readonly Value[] {
  const { shape } = value.type;
  const count = shape[axis] as number;
  if (count === 0) return [];
  const sizes = new Array<number>(count).fill(1);
  const slices = count === 1 ? [value] : node.computeAll(split, [value], { axis, sizes });
  return slices.map((slice) => reshaped(node, slice, shape.toSpliced(axis, 1)));
}

/** Values of one shape along a new axis. */
export function stackedAlong(node: SourceNode, values: readonly Value[], axis: number): Value {
  const items = values.map((value) => reshaped(node, value, value.type.shape.toSpliced(axis, 0, 1)));
  return items.length === 1 ? items[0] : node.compute(concat, items, { axis });
}
