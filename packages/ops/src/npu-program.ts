import type { DType, ValueType } from "@millrace/ir";
import { counts } from "./attributes.ts";
import { defineOp, many, one } from "./define.ts";
import { stored } from "./rules.ts";

/** Types of the values of a command stream, by their numbers in `results`. */
const types = ["i8", "u8", "i16", "f32"] as const;

/**
 * Runs a command stream of an accelerator, with its constants in `program`, on integers and reals. `results` has for each result the number of its type, its
 * rank, and its sizes. What it computes only whoever executes such streams can tell.
 */
export const npuProgram = defineOp({
  name: "npuProgram",
  inputs: { program: one("u8"), values: many(...types) },
  attributes: { results: counts },
  quantization: stored,
  check: [
    ["the program is constant", ({ program }) => program.constant !== undefined],
    ["results has a type and as many sizes as each rank says", (_, { results }) => typesOf(results) !== undefined],
  ],
  infer: (_, { results }) => typesOf(results)!,
});

/** The types that a list of numbers, ranks and sizes stands for; undefined if it ends too early or names no type. */
function typesOf(results: readonly number[]): readonly ValueType[] | undefined {
  const found: ValueType[] = [];
  for (let at = 0; at < results.length; ) {
    const [type, rank] = results.slice(at, at + 2);
    if (types[type] === undefined || !(at + 2 + rank <= results.length)) return undefined;
    found.push({ dtype: types[type], shape: results.slice(at + 2, at + 2 + rank) });
    at += 2 + rank;
  }
  return found;
}

/** The list of numbers, ranks and sizes of values of known sizes; undefined if one is of another type. */
export function resultsOf(values: readonly ValueType[]): readonly number[] | undefined {
  const numbers = values.map(({ dtype }) => (types as readonly DType[]).indexOf(dtype));
  if (numbers.includes(-1)) return undefined;
  return values.flatMap(({ shape }, index) => [numbers[index], shape.length, ...(shape as readonly number[])]);
}
