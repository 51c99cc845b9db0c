import { type ArenaBuffer, checkBuffers, type MemoryPlan } from "./buffer.ts";
import { heightOf, placeGreedily } from "./greedy.ts";
import { granularityOf, lowerBoundOf } from "./lower-bound.ts";
import { importances, orderBy } from "./orders.ts";
import { type Problem, problemOf } from "./problem.ts";
import { Restarts } from "./restarts.ts";

export interface PlanOptions {
  /** Bytes that are enough: planning ends once the arena is no larger, or it is proven that it must be. */
  readonly capacity?: number;
  /** Alignment of buffers that have none of their own; 1 by default. */
  readonly alignment?: number;
  /** Time limit; 10,000 by default. */
  readonly milliseconds?: number;
  readonly signal?: AbortSignal;
}

const defaultMilliseconds = 10_000;

/** What is beyond this only gets heuristics: deep searches need memory, and several passes time. */
const limits = { searchedBuffers: 2000, searchedSections: 1_000_000, sortedBuffers: 5000 } as const;

/**
 * Gives each buffer an offset such that no two overlap while both are alive, in as small an arena as the time allows. The plan is
 * the same every time unless the time limit ends the work. Throws the DiagnosticErrors of `checkBuffers`, and the signal's reason.
 */
export function planMemory(buffers: readonly ArenaBuffer[], options: PlanOptions = {}): MemoryPlan {
  const steps = new Planner(buffers, options).run();
  for (let step = steps.next(); ; step = steps.next()) if (step.done) return step.value;
}

const pauseInterval = 50;

/** `planMemory` that lets other work of the thread go on meanwhile, so that the signal can be raised. */
export async function planMemoryInSteps(
  buffers: readonly ArenaBuffer[],
  options: PlanOptions = {},
): Promise<MemoryPlan> {
  const steps = new Planner(buffers, options).run();
  let paused = performance.now();
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) return step.value;
    if (performance.now() - paused < pauseInterval) continue;
    await new Promise((resolve) => setTimeout(resolve));
    paused = performance.now();
  }
}

class Planner {
  readonly #buffers: readonly ArenaBuffer[];
  readonly #options: PlanOptions;
  readonly #problem: Problem;
  readonly #started = performance.now();
  readonly #granularity: number;
  #lowerBound: number;
  #best: Float64Array;
  #height = Number.POSITIVE_INFINITY;

  constructor(buffers: readonly ArenaBuffer[], options: PlanOptions) {
    const { alignment = 1 } = options;
    checkBuffers(buffers, alignment);
    this.#buffers = buffers;
    this.#options = options;
    this.#problem = problemOf(buffers, alignment);
    this.#granularity = granularityOf(this.#problem);
    this.#lowerBound = lowerBoundOf(this.#problem);
    this.#best = new Float64Array(this.#problem.count);
  }

  *run(): Generator<undefined, MemoryPlan> {
    yield* this.#placeByHeuristics();
    if (this.#isSearchable()) yield* this.#search();
    return this.#plan();
  }

  *#placeByHeuristics(): Generator<undefined, void> {
    const { count } = this.#problem;
    const measures = importances(this.#problem).slice(0, count > limits.sortedBuffers ? 1 : undefined);
    for (const measure of measures) {
      const order = orderBy(this.#problem, measure);
      this.#keep(placeGreedily(this.#problem, order, () => this.#hasTime()));
      if (this.#isDone()) return;
      yield;
    }
  }

  #isSearchable(): boolean {
    const { count, first, last } = this.#problem;
    const lived = last.reduce((sum, section, index) => sum + section - first[index] + 1, 0);
    return count <= limits.searchedBuffers && lived <= limits.searchedSections;
  }

  *#search(): Generator<undefined, void> {
    const restarts = new Restarts(this.#problem);
    for (let turn = 0; !this.#isDone(); turn++) {
      const capacity = this.#target(turn);
      const steps = restarts.next(capacity);
      for (let step = steps.next(); ; step = steps.next()) {
        if (step.done) {
          if (step.value.end === "found") this.#keep(step.value.offsets);
          if (step.value.end === "none") this.#raiseBound(capacity);
          break;
        }
        yield;
        if (!this.#hasTime()) return;
      }
    }
  }

  /** The bytes to aim at: the wanted capacity, else in turn the least possible, the middle, and just less than the best so far. */
  #target(turn: number): number {
    const less = this.#height - this.#granularity;
    const { capacity } = this.#options;
    if (capacity !== undefined) return Math.min(capacity, less);
    const middle = this.#lowerBound + Math.floor((less - this.#lowerBound) / 2);
    return [this.#lowerBound, middle, less, this.#lowerBound, middle][turn % 5];
  }

  #raiseBound(capacity: number): void {
    const unit = this.#granularity;
    this.#lowerBound = Math.min(this.#height, Math.max(this.#lowerBound, (Math.floor(capacity / unit) + 1) * unit));
  }

  #keep(offsets: Float64Array): void {
    const height = heightOf(this.#problem, offsets);
    if (height >= this.#height) return;
    this.#height = height;
    this.#best = offsets;
  }

  #isDone(): boolean {
    const enough = this.#options.capacity ?? 0;
    return (
      this.#problem.count === 0 ||
      this.#height <= Math.max(this.#lowerBound, enough) ||
      (enough > 0 && this.#lowerBound > enough) ||
      !this.#hasTime()
    );
  }

  #hasTime(): boolean {
    const { milliseconds = defaultMilliseconds, signal } = this.#options;
    signal?.throwIfAborted();
    return performance.now() - this.#started < milliseconds;
  }

  #plan(): MemoryPlan {
    const offsets = new Array<number>(this.#buffers.length).fill(0);
    this.#problem.source.forEach((source, index) => {
      offsets[source] = this.#best[index];
    });
    const arenaBytes = this.#problem.count === 0 ? 0 : this.#height;
    return {
      offsets,
      arenaBytes,
      lowerBoundBytes: this.#lowerBound,
      optimal: arenaBytes === this.#lowerBound,
      ms: performance.now() - this.#started,
    };
  }
}
