import { type Graph, symbolsOf } from "@millrace/ir";

/**
 * Symbols that count the entries of a batch: each is the whole of an input's first size and is part of no other size of an input. A graph
 * that keeps states has none, as these have the size they begin with.
 */
export function batchSymbols(graph: Graph): ReadonlySet<string> {
  if (graph.states.length > 0) return new Set();
  const shapes = graph.inputs.map(({ type }) => type.shape);
  const others = new Set(
    shapes.flatMap(([first, ...rest]) => [...rest, ...(isPlain(first) ? [] : [first ?? 1])]).flatMap(symbolsOf),
  );
  return new Set(shapes.flatMap(([first]) => (isPlain(first) && !others.has(first) ? [first] : [])));
}

function isPlain(size: string | number | undefined): size is string {
  return typeof size === "string" && symbolsOf(size).length === 1 && symbolsOf(size)[0] === size;
}
