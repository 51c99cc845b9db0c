import {
  cloneGraph,
  DiagnosticError,
  equalGraphs,
  fromNumbers,
  type Graph,
  invertPermutation,
  isFloat,
  isStatic,
  numbersOf,
  parseGraph,
  permute,
  type Shape,
  type Tensor,
  type Value,
  verify,
} from "@millrace/ir";
import { evaluateGraph, operators, transposeTensor } from "@millrace/ops";
import { expect } from "vitest";
import type { BoundaryChange } from "./layout/boundary.ts";
import { type Pass, type PassReport, runPasses } from "./pass.ts";
import { unfoldQuantization } from "./quantization/unfold-quantization.ts";

/** A repeatable stream of numbers in [-1, 1). */
export function numberStream(seed = 1): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/** A tensor of repeatable numbers. */
export function randomTensor(shape: Shape, next: () => number): Tensor {
  const sizes = shape as readonly number[];
  return fromNumbers("f32", sizes, Float64Array.from({ length: sizes.reduce((a, b) => a * b, 1) }, next));
}

/**
 * Results of a graph on repeatable inputs, in the order of its outputs. With `boundary` both are in the layout of the graph before
 * these changes.
 */
export function resultsOf(graph: Graph, seed = 7, boundary: readonly BoundaryChange[] = []): readonly Tensor[] {
  const change = (kind: BoundaryChange["kind"], name: string) =>
    boundary.find((each) => each.kind === kind && each.name === name)?.permutation;
  const next = numberStream(seed);
  const feeds = graph.inputs.map((input) => {
    const permutation = change("input", input.name);
    const shape = permutation ? permute(input.type.shape, invertPermutation(permutation)) : input.type.shape;
    const source = feedOf({ ...input.type, shape }, next);
    return [input.name, permutation ? transposeTensor(source, permutation) : source] as const;
  });
  const { graph: real } = cloneGraph(graph);
  runPasses(real, [unfoldQuantization]);
  const values = evaluateGraph(real, new Map(feeds));
  return real.outputs.map((output, index) => {
    const permutation = change("output", graph.outputNames[index]);
    const result = output.constant ?? values.get(output)!;
    return permutation ? transposeTensor(result, invertPermutation(permutation)) : result;
  });
}

function feedOf({ dtype, shape }: Value["type"], next: () => number): Tensor {
  const numbers = numbersOf(randomTensor(shape, next));
  return fromNumbers(dtype, shape as readonly number[], isFloat(dtype) ? numbers : Array.from(numbers, (x) => x * 100));
}

/** Expects equal shapes and elements within a tolerance relative to the greatest magnitude. */
export function expectClose(actual: readonly Tensor[], expected: readonly Tensor[], tolerance = 1e-4): void {
  expect(actual.map(({ shape }) => shape)).toEqual(expected.map(({ shape }) => shape));
  actual.forEach((tensor, index) => {
    const [a, b] = [numbersOf(tensor), numbersOf(expected[index])];
    let [worst, peak] = [0, 1e-6];
    for (let at = 0; at < a.length; at++) {
      if (Object.is(a[at], b[at])) continue;
      worst = Math.max(worst, Math.abs(a[at] - b[at]));
      peak = Math.max(peak, Math.abs(b[at]));
    }
    expect(worst / peak).toBeLessThan(tolerance);
  });
}

/** Runs passes; expects after each that the graph is sound, computes the same and has outputs of the same names. */
export function runChecked(graph: Graph, passes: readonly Pass[], boundary?: readonly BoundaryChange[]): PassReport {
  const before = resultsIfComputable(graph);
  const names = outputNames(graph);
  return runPasses(graph, passes, ({ name }) => {
    expect(verify(graph), name).toEqual([]);
    expect(outputNames(graph), name).toEqual(names);
    if (before) expectClose(resultsOf(graph, undefined, boundary), before);
  });
}

function resultsIfComputable(graph: Graph): readonly Tensor[] | undefined {
  const values = [...graph.inputs, ...[...graph.nodes()].flatMap(({ outputs }) => outputs)];
  if (!values.every(({ type }) => isStatic(type.shape))) return undefined;
  try {
    return resultsOf(graph);
  } catch (error) {
    if (error instanceof DiagnosticError) return undefined;
    throw error;
  }
}

function outputNames(graph: Graph): readonly (readonly string[])[] {
  return graph.outputs.map(({ name }, index) => [name, graph.outputNames[index]]);
}

/** The graph of an example. */
export function exampleGraph(text: string): Graph {
  return parseGraph(`graph example\n${text}`, operators);
}

/** The first difference between two graphs, whatever their constants are called. */
export function difference(a: Graph, b: Graph): string | undefined {
  for (const graph of [a, b]) nameConstants(graph);
  return equalGraphs(a, b);
}

/** Names constants after the first place that reads them. */
function nameConstants(graph: Graph): void {
  const seen = new Set<Value>();
  for (const node of [...graph.nodes(), graph.results]) {
    node.inputs.forEach((value, index) => {
      if (value?.constant === undefined || seen.has(value)) return;
      seen.add(value);
      graph.rename(value, `constant ${index} of ${node.outputs[0]?.name}`);
    });
  }
}
