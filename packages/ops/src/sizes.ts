import { type Dimension, elementCount, fail, numbersOf, type Shape, type Tensor } from "@millrace/ir";

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

/** Whether the rows of a constant are indices, or negative ones from the end, of axes of these sizes; what is not known may be. */
export function indexes(rows: Tensor | undefined, sizes: Shape): boolean {
  if (rows === undefined || sizes.length === 0) return true;
  const numbers = numbersOf(rows);
  for (let at = 0; at < numbers.length; at++) {
    const size = sizes[at % sizes.length];
    if (typeof size === "number" && (numbers[at] >= size || numbers[at] < -size)) return false;
  }
  return true;
}
