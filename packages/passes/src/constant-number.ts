import { numbersOf, type Value } from "@millrace/ir";

/** The number that every element of a constant is; undefined for other constants and values. */
export function constantNumber({ constant, type }: Value): number | undefined {
  if (constant === undefined || type.shape.some((size) => size !== 1)) return undefined;
  return numbersOf(constant)[0];
}
