import { liveBytes, type Problem } from "./problem.ts";

/** How important it is to place a buffer early; more is earlier. */
type Importance = (index: number) => number;

/** Measures by which buffers are sorted, each a different guess of what makes a buffer hard to place. */
export function importances(problem: Problem): readonly Importance[] {
  const { first, last, size } = problem;
  const live = liveBytes(problem);
  const length: Importance = (index) => last[index] - first[index] + 1;
  const area: Importance = (index) => length(index) * size[index];
  const peaks = Float64Array.from({ length: problem.count }, (_, index) =>
    live.subarray(first[index], last[index] + 1).reduce((most, bytes) => Math.max(most, bytes), 0),
  );
  const most = peaks.reduce((greatest, peak) => Math.max(greatest, peak), 1);
  const steep: Importance = (index) => (peaks[index] / most) ** 16;
  return [
    (index) => steep(index) * area(index),
    area,
    length,
    (index) => steep(index) * length(index),
    (index) => size[index],
    (index) => peaks[index] * area(index),
  ];
}

/** Indices of the buffers, the most important first. */
export function orderBy(problem: Problem, importance: Importance): Int32Array {
  const keys = Float64Array.from({ length: problem.count }, (_, index) => importance(index));
  return Int32Array.from(keys.keys()).sort((a, b) => keys[b] - keys[a] || a - b);
}

/** A repeatable sequence of numbers in [0, 1). Source: the constants of Numerical Recipes' linear congruential generator. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
