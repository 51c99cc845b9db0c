import type { Handler } from "../call.ts";

/** One handler for several overloads of an operator, whose arguments have the same names. */
export function overloads(
  operator: string,
  names: readonly string[],
  handler: Handler,
): Readonly<Record<string, Handler>> {
  return Object.fromEntries(names.map((name) => [`${operator}.${name}`, handler]));
}
