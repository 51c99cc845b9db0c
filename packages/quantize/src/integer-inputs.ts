import { type Diagnostic, type Graph, givenInputs, type Value } from "@millrace/ir";
import { quantize } from "@millrace/ops";
import { representable } from "./parameters.ts";
import { type Range, rangeText } from "./range.ts";

/** A range that is wider than an input's by a greater factor loses most of its numbers there. */
const mostWider = 4;
/** A range that is narrower than an input's by a greater factor leaves it few steps; some samples alone may be narrower than all are. */
const mostNarrower = 8;

/**
 * Warnings for inputs of an integer graph whose integers stand for other numbers than the data has, such as -1 to 1 where it has bytes. `seen` are the
 * ranges of the data by the names of the inputs.
 */
export function integerInputWarnings(graph: Graph, seen: ReadonlyMap<string, Range>): readonly Diagnostic[] {
  return givenInputs(graph).flatMap((input) => {
    const [range, taken] = [seen.get(input.name), rangeTaken(input)];
    return range === undefined || taken === undefined || areAlike(range, taken) ? [] : [differs(input, range, taken)];
  });
}

/** What the integers of an input stand for, or those that the graph makes of it first. */
function rangeTaken(input: Value): Range | undefined {
  const [first] = input.uses;
  const { dtype, quantization } = first?.user.op === quantize ? first.user.outputs[0].type : input.type;
  return quantization && representable(quantization, dtype);
}

function areAlike(seen: Range, taken: Range): boolean {
  const [width, room] = [seen, taken].map(({ minimum, maximum }) => maximum - minimum);
  const isWithin = seen.minimum >= taken.minimum && seen.maximum <= taken.maximum;
  if (width === 0 && isWithin) return true;
  const overlap = Math.min(seen.maximum, taken.maximum) - Math.max(seen.minimum, taken.minimum);
  return overlap > 0 && width <= mostWider * room && room <= mostNarrower * width;
}

function differs({ name }: Value, seen: Range, taken: Range): Diagnostic {
  return {
    code: "quantize.input-range-differs",
    severity: "warning",
    message: `input ${name} has numbers ${rangeText(seen)} in the data, and the model's integers stand for those ${rangeText(taken)}`,
    at: { value: name },
    hint: "prepare the data as the model was quantized with: see mean, std and scale in dataset.json",
  };
}
