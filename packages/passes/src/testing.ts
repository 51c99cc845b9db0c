import { fromNumbers, type Graph, numbersOf, type Shape, type Tensor } from "@millrace/ir";
import { evaluateGraph } from "@millrace/ops";
import { expect } from "vitest";

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

/** Results of a graph on repeatable inputs, in the order of its outputs. */
export function resultsOf(graph: Graph, seed = 7): readonly Tensor[] {
  const next = numberStream(seed);
  const feeds = new Map(graph.inputs.map(({ name, type }) => [name, randomTensor(type.shape, next)]));
  const values = evaluateGraph(graph, feeds);
  return graph.outputs.map((output) => output.constant ?? values.get(output)!);
}

/** Expects equal shapes and elements within a tolerance relative to the greatest magnitude. */
export function expectClose(actual: readonly Tensor[], expected: readonly Tensor[], tolerance = 1e-4): void {
  expect(actual.map(({ shape }) => shape)).toEqual(expected.map(({ shape }) => shape));
  actual.forEach((tensor, index) => {
    const [a, b] = [numbersOf(tensor), numbersOf(expected[index])];
    let [worst, peak] = [0, 1e-6];
    for (let at = 0; at < a.length; at++) {
      worst = Math.max(worst, Math.abs(a[at] - b[at]));
      peak = Math.max(peak, Math.abs(b[at]));
    }
    expect(worst / peak).toBeLessThan(tolerance);
  });
}
