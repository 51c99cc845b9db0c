import {
  cloneGraph,
  DiagnosticError,
  elementCount,
  fromNumbers,
  type Graph,
  numbersOf,
  type Tensor,
  verify,
} from "@millrace/ir";
import { bindDimensions, inferShapes, runPasses } from "@millrace/passes";
import { resultsOf } from "../../../targets/src/tflite/graphs.testing.ts";

/** The graph with an open first size where its inputs and operators allow for one; else undefined. */
export function opened(graph: Graph, size: number): Graph | undefined {
  for (const input of graph.inputs)
    if (input.type.shape[0] === size) graph.setType(input, { ...input.type, shape: input.type.shape.with(0, "N") });
  try {
    runPasses(graph, [inferShapes]);
  } catch (error) {
    if (error instanceof DiagnosticError) return undefined;
    throw error;
  }
  return verify(graph).length === 0 && graph.outputs.some(({ type }) => type.shape[0] === "N") ? graph : undefined;
}

/** `size` entries like those of `x`. */
export function entriesLike(x: Tensor, size: number): Tensor {
  const shape = [size, ...x.shape.slice(1)];
  const numbers = numbersOf(x);
  return fromNumbers(
    x.dtype,
    shape,
    Array.from({ length: elementCount(shape) }, (_, at) => numbers[at % numbers.length]),
  );
}

/** What a graph gives for `size` entries like those of `x`: sizes and then numbers of each result. */
export function resultsAt(size: number, graph: Graph, x: Tensor): readonly (readonly number[])[] {
  const { graph: bound } = cloneGraph(graph);
  runPasses(bound, [bindDimensions(new Map([["N", size]]))]);
  return resultsOf(bound, entriesLike(x, size)).map(sizesAndNumbers);
}

export function sizesAndNumbers(tensor: Tensor): readonly number[] {
  return [...tensor.shape, ...Array.from(numbersOf(tensor), (number) => Math.fround(number))];
}
