import { type Dimension, elementCount, fail, mayMatch, printShape, type Shape } from "@millrace/ir";

/** Whether `axis` is one of the axes of a shape. */
export function within(axis: number, shape: Shape): boolean {
  return axis >= 0 && axis < shape.length;
}

/** Product of the sizes; 0 where it is not known yet. */
export function knownCount(shape: Shape): number {
  const count = elementCount(shape);
  return typeof count === "number" ? count : 0;
}

/** The sizes as numbers, for evaluation. Throws a diagnostic if one is still symbolic. */
export function staticSizes(sizes: readonly Dimension[]): readonly number[] {
  return sizes.map((size) =>
    typeof size === "number"
      ? size
      : fail("ops.symbolic-size", `The size ${size} has no value yet, so nothing can be computed with it.`, {
          hint: "Give the model's inputs fixed shapes.",
        }),
  );
}

/** Throws a diagnostic if a shape that data has decided is another than a node states; sizes the node leaves open may be any. */
export function requireStated(op: string, shape: readonly number[], stated: Shape): void {
  if (mayMatch(shape, stated)) return;
  fail("ops.data-size", `The data makes the result of ${op} ${printShape(shape)} instead of ${printShape(stated)}`, {
    hint: "State a size for this result only where it is the same for all data.",
  });
}
