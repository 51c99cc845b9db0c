import type { ValueType } from "@millrace/ir";
import { counts } from "./attributes.ts";
import { defineOp, many, one } from "./define.ts";
import { free } from "./rules.ts";

/**
 * Runs a command stream of an accelerator, with its constants in `program`, on int8 values. `results` has the rank of each result, then its
 * sizes. What it computes only whoever executes such streams can tell.
 */
export const npuProgram = defineOp({
  name: "npuProgram",
  inputs: { program: one("u8"), values: many("i8") },
  attributes: { results: counts },
  quantization: free,
  check: [
    ["the program is constant", ({ program }) => program.constant !== undefined],
    ["results has as many sizes as each rank says", (_, { results }) => shapesOf(results) !== undefined],
  ],
  infer: (_, { results }) => shapesOf(results)!.map((shape): ValueType => ({ dtype: "i8", shape })),
});

/** The shapes that a list of ranks and sizes stands for; undefined if it ends too early. */
function shapesOf(results: readonly number[]): readonly (readonly number[])[] | undefined {
  const shapes: (readonly number[])[] = [];
  for (let at = 0; at < results.length; ) {
    const rank = results[at];
    if (at + 1 + rank > results.length) return undefined;
    shapes.push(results.slice(at + 1, at + 1 + rank));
    at += 1 + rank;
  }
  return shapes;
}

/** The list of ranks and sizes of shapes. */
export function resultsOf(shapes: readonly (readonly number[])[]): readonly number[] {
  return shapes.flatMap((shape) => [shape.length, ...shape]);
}
