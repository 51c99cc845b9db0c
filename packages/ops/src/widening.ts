import type { Attributes, Shape } from "@millrace/ir";

/** The shape that an operand has beside results of `rank` axes once these have an axis of size 1 more before their axis `axis`. */
export function widenedShape(shape: Shape, rank: number, axis: number): Shape {
  const missing = rank - shape.length;
  return axis < missing || (axis === missing && missing > 0) ? shape : longer(shape, axis - missing, 1);
}

/** For operators that look at each element alone: one axis more is nothing to them. */
export function whateverAxes(attributes: Attributes): Attributes {
  return attributes;
}

/** For attributes that name one axis: where it is found after an axis was put in before `at`. */
export function shiftedAxis<A extends { readonly axis: number }>(attributes: A, at: number): A {
  return { ...attributes, axis: attributes.axis < at ? attributes.axis : attributes.axis + 1 };
}

/** For lists with one entry for each axis: one more entry before `at`. */
export function longer<T>(list: readonly T[], at: number, entry: T): readonly T[] {
  return list.toSpliced(at, 0, entry);
}
