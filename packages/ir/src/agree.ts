import type { Dimension } from "./dimension.ts";
import type { Shape } from "./shape.ts";

/** Whether two sizes can be equal: symbolic ones may turn out to be anything. */
export function mayEqual(a: Dimension, b: Dimension): boolean {
  return a === b || typeof a === "string" || typeof b === "string";
}

/** Whether two shapes can be equal. */
export function mayMatch(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => mayEqual(size, b[axis]));
}
