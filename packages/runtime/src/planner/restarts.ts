import { importances, orderBy, randomNumbers } from "./orders.ts";
import type { Problem } from "./problem.ts";
import { Search, type SearchEnd } from "./search.ts";

const nodesOfOneRun = 2000;
const runsOfOneBudget = 60;
const noiseOfOneRound = 0.05;

/**
 * Searches again and again, from other orders and in time with larger budgets. Buffers of sections that had no room before come sooner
 * (the weighted degree of constraint solvers), and each round strays further from the plain measures.
 */
export class Restarts {
  readonly #problem: Problem;
  readonly #measures: ReturnType<typeof importances>;
  readonly #random = randomNumbers(1);
  #conflicts: Float64Array;
  #runs = 0;

  constructor(problem: Problem) {
    this.#problem = problem;
    this.#measures = importances(problem);
    this.#conflicts = new Float64Array(problem.sections);
  }

  /** One search for offsets within `capacity`; gives them once found. */
  *next(capacity: number): Generator<undefined, { readonly end: SearchEnd; readonly offsets: Float64Array }> {
    const budget = nodesOfOneRun * 2 ** Math.floor(this.#runs / runsOfOneBudget);
    const rank = this.#rank();
    this.#runs++;
    const search = new Search(this.#problem, { capacity, rank, budget, conflicts: this.#conflicts });
    const end = yield* search.run();
    const mean = this.#conflicts.reduce((sum, count) => sum + count, 0) / this.#conflicts.length;
    if (mean > 0) this.#conflicts = this.#conflicts.map((count) => count / mean);
    return { end, offsets: search.offsets };
  }

  #rank(): Int32Array {
    const { count, first, last } = this.#problem;
    const measure = this.#measures[this.#runs % this.#measures.length];
    const noise = Math.min(1, noiseOfOneRound * Math.floor(this.#runs / this.#measures.length));
    const before = new Float64Array(this.#conflicts.length + 1);
    this.#conflicts.forEach((conflicts, section) => {
      before[section + 1] = before[section] + conflicts;
    });
    const weight = (index: number) => 1 + before[last[index] + 1] - before[first[index]];
    const order = orderBy(this.#problem, (index) => measure(index) * weight(index) * (1 + noise * this.#random()));
    const rank = new Int32Array(count);
    order.forEach((index, place) => {
      rank[index] = place;
    });
    return rank;
  }
}
