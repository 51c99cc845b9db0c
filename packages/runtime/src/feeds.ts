import {
  type Diagnostic,
  DiagnosticError,
  elementCount,
  type Graph,
  holds,
  printShape,
  type Tensor,
  type Value,
} from "@millrace/ir";

/**
 * Checks that feeds fit the graph's inputs, all of them at once, and gives the sizes that they bind the graph's
 * symbols to. Throws a DiagnosticError: `runtime.feed-missing`, `-unknown`, `-dtype`, `-data`, `-shape`.
 */
export function bindFeeds(graph: Graph, feeds: ReadonlyMap<string, Tensor>): ReadonlyMap<string, number> {
  const problems: Diagnostic[] = [];
  const sizes = new Map<string, number>();
  const known = graph.inputs.map(({ name }) => name).join(", ") || "none";
  for (const input of graph.inputs) problems.push(...problemsOf(input, feeds.get(input.name), sizes));
  for (const name of feeds.keys()) {
    if (!graph.inputs.some((input) => input.name === name))
      problems.push(problem("unknown", name, `there is no input "${name}"`, `The inputs are: ${known}.`));
  }
  if (problems.length > 0) throw new DiagnosticError(problems);
  return sizes;
}

function problem(kind: string, value: string, message: string, hint: string): Diagnostic {
  return { code: `runtime.feed-${kind}`, severity: "error", message: `${message}.`, at: { value }, hint };
}

function problemsOf({ name, type }: Value, feed: Tensor | undefined, sizes: Map<string, number>): Diagnostic[] {
  const expected = `It takes ${type.dtype} ${printShape(type.shape)}.`;
  if (feed === undefined) return [problem("missing", name, `input "${name}" was not fed`, expected)];
  if (feed.dtype !== type.dtype)
    return [problem("dtype", name, `input "${name}" was fed ${feed.dtype} instead of ${type.dtype}`, expected)];
  if (!holds(feed.dtype, feed.data) || feed.data.length !== elementCount(feed.shape)) {
    const message = `input "${name}" was fed ${feed.data.length} elements for the shape ${printShape(feed.shape)}`;
    return [problem("data", name, message, `Feed one ${feed.dtype} element for each position.`)];
  }
  if (bindShape(type.shape, feed.shape, sizes)) return [];
  const bound = [...sizes].map(([symbol, size]) => ` ${symbol} = ${size} so far.`).join("");
  const message = `input "${name}" was fed the shape ${printShape(feed.shape)} instead of ${printShape(type.shape)}`;
  return [problem("shape", name, message, `${expected}${bound}`)];
}

/** Whether a shape can be the declared one; a plain symbol is bound to the size it meets first, which is added to `sizes`. */
export function bindShape(
  declared: Value["type"]["shape"],
  shape: readonly number[],
  sizes: Map<string, number>,
): boolean {
  if (declared.length !== shape.length) return false;
  return declared.every((dimension, axis) => {
    if (typeof dimension === "number") return dimension === shape[axis];
    if (!/^[A-Za-z_][\w.:]*$/.test(dimension)) return true;
    if (!sizes.has(dimension)) sizes.set(dimension, shape[axis]);
    return sizes.get(dimension) === shape[axis];
  });
}
