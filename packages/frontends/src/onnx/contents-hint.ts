import { elementCount, isStatic, type Value } from "@millrace/ir";

/** How many values are looked at before a search for inputs is given up. */
const mostValues = 256;

/** Parameters are scalars and short lists; larger inputs are data. */
const mostElements = 64;

/** What to do where an operator needs the contents of a value that is computed: give those of the inputs it is made of, if these are small. */
export function contentsHint(value: Value): string {
  const inputs = inputsBehind(value);
  const options = inputs?.every(isSmall) ? inputs.map(({ name }) => `--input-value ${name}=FILE.npy`) : [];
  return options.length > 0
    ? `Give the contents it always has with ${options.join(" ")}, or export the model with a constant.`
    : "Export the model with fixed shapes and constant folding, or give the sizes of its open dimensions.";
}

function isSmall({ type: { shape } }: Value): boolean {
  return shape.length <= 1 && isStatic(shape) && elementCount(shape) <= mostElements;
}

/** The inputs of the graph that a value is computed from; undefined if there is too much between. */
function inputsBehind(value: Value): readonly Value[] | undefined {
  const seen = new Set([value]);
  for (const { producer } of seen) {
    for (const input of producer?.inputs ?? []) if (input && !input.constant) seen.add(input);
    if (seen.size > mostValues) return undefined;
  }
  return [...seen].filter(({ producer }) => producer === undefined);
}
