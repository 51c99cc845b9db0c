import type { Value } from "@millrace/ir";
import { concat, split } from "@millrace/ops";
import type { SourceNode } from "../source-node.ts";
import { reshaped } from "./weights.ts";

/** Nodes that one source node may be written out as; longer ones would be slow to run and larger than their weights. */
const maximumUnrolled = 2 ** 13;

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
  return steps * (1 + nodes) <= maximumUnrolled;
}

/** The slices of a value along an axis of known size, in order and without the axis. */
export function slicesAlong(node: SourceNode, value: Value, axis: number): readonly Value[] {
  const { shape } = value.type;
  const count = shape[axis] as number;
  const rest = shape.toSpliced(axis, 1);
  const size = rest[axis];
  if (count === 0) return [];
  if (count === 1) return [reshaped(node, value, rest)];
  if (typeof size !== "number") {
    const sizes = new Array<number>(count).fill(1);
    return node.computeAll(split, [value], { axis, sizes }).map((slice) => reshaped(node, slice, rest));
  }
  const rows = reshaped(node, value, rest.with(axis, count * size));
  return node.computeAll(split, [rows], { axis, sizes: new Array<number>(count).fill(size) });
}

/** Values of one shape along a new axis. */
export function stackedAlong(node: SourceNode, values: readonly Value[], axis: number): Value {
  const { shape } = values[0].type;
  const stacked = shape.toSpliced(axis, 0, values.length);
  if (values.length === 1) return reshaped(node, values[0], stacked);
  const isLast = axis === shape.length;
  const items = isLast ? values.map((value) => reshaped(node, value, [...shape, 1])) : values;
  const joined = node.compute(concat, items, { axis });
  return isLast ? joined : reshaped(node, joined, stacked);
}
