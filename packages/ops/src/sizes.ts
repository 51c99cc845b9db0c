import { type Dimension, fail, type Shape } from "@millrace/ir";

/** Whether two sizes can be equal: symbolic ones may turn out to be anything. */
export function mayEqual(a: Dimension, b: Dimension): boolean {
  return a === b || typeof a === "string" || typeof b === "string";
}

/** Whether two shapes can be equal. */
export function mayMatch(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => mayEqual(size, b[axis]));
}

/** Whether `axis` is one of the axes of a shape. */
export function within(axis: number, shape: Shape): boolean {
  return axis >= 0 && axis < shape.length;
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
