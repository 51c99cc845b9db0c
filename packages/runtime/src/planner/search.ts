import { alignUp } from "./buffer.ts";
import { independentParts, liveBytes, type Problem } from "./problem.ts";

/** How a search ended: with offsets, with the proof that there are none, or at the end of its budget. */
export type SearchEnd = "found" | "none" | "stopped";

/** What one search is to do. */
export interface SearchTask {
  /** Bytes that the arena may have. */
  readonly capacity: number;
  /** Place of each buffer among those of equal offset; decides which is tried first. */
  readonly rank: Int32Array;
  /** Partial plans that may be looked at. */
  readonly budget: number;
  /** By section: how often it had no room for its buffers. Counted on by the search. */
  readonly conflicts: Float64Array;
}

/** The buffer that was placed last: all others come after it in the order of (offset, rank). */
interface Frontier {
  readonly offset: number;
  readonly rank: number;
}

const restInterval = 1024;

/**
 * Depth-first search for offsets within a capacity. It looks only at plans in which no buffer can move down, building them in the
 * order of (offset, rank), so that each is met once. Parts that no buffer joins are searched one by one. After the published ideas of
 * Moffitt, "MiniMalloc: A Lightweight Memory Allocator for Hardware-Accelerated Machine Learning" (ASPLOS 2023).
 */
export class Search {
  /** By index of the problem; complete once the search has found. */
  readonly offsets: Float64Array;
  /** Partial plans looked at. */
  nodes = 0;
  readonly #problem: Problem;
  readonly #task: SearchTask;
  /** By section: the top of what is placed, and the bytes that are not placed. */
  readonly #floor: Float64Array;
  readonly #open: Float64Array;
  /** By buffer: the least offset above what is placed. */
  readonly #lowest: Float64Array;
  /** By buffer: whether it may come next by the order; if not, it waits until another one has been put below it. */
  readonly #movable: Uint8Array;
  /** By buffer: the one of the same lifetime that was placed last, which stands at the first of them. */
  readonly #firstAlike: Int32Array;
  readonly #topAlike: Int32Array;
  /** By section, over buffers not placed: least top of a movable one, least size of a waiting one, least offset. */
  readonly #movableTop: Float64Array;
  readonly #waitingSize: Float64Array;
  readonly #nextOffset: Float64Array;

  constructor(problem: Problem, task: SearchTask) {
    const { sections, count } = problem;
    this.#problem = problem;
    this.#task = task;
    this.offsets = new Float64Array(count);
    this.#floor = new Float64Array(sections);
    this.#open = liveBytes(problem);
    this.#lowest = new Float64Array(count);
    this.#movable = new Uint8Array(count);
    this.#firstAlike = firstAlike(problem);
    this.#topAlike = new Int32Array(count).fill(-1);
    this.#movableTop = new Float64Array(sections);
    this.#waitingSize = new Float64Array(sections);
    this.#nextOffset = new Float64Array(sections);
  }

  /** Runs to the end, pausing now and then. */
  *run(): Generator<undefined, SearchEnd> {
    const members = Int32Array.from({ length: this.#problem.count }, (_, index) => index);
    return yield* this.#placeAll(members, { offset: 0, rank: -1 });
  }

  *#placeAll(members: Int32Array, frontier: Frontier): Generator<undefined, SearchEnd> {
    const parts = independentParts(this.#problem, members);
    if (parts.length === 0) return "found";
    if (parts.length === 1) return yield* this.#placePart(members, frontier);
    const from = this.#problem.first[members[0]];
    const floor = this.#floor.slice(from);
    const open = this.#open.slice(from);
    const alike = members.map((index) => this.#topAlike[this.#firstAlike[index]]);
    for (const part of [...parts].sort((a, b) => a.length - b.length)) {
      const end = yield* this.#placePart(part, frontier);
      if (end === "found") continue;
      this.#floor.set(floor, from);
      this.#open.set(open, from);
      for (const [turn, index] of members.entries()) this.#topAlike[this.#firstAlike[index]] = alike[turn];
      return end;
    }
    return "found";
  }

  *#placePart(members: Int32Array, frontier: Frontier): Generator<undefined, SearchEnd> {
    this.nodes++;
    if (this.nodes > this.#task.budget) return "stopped";
    if (this.nodes % restInterval === 0) yield;
    const limit = this.#survey(members, frontier);
    if (limit === undefined) return "none";
    const candidates = this.#candidates(members, limit);
    const offsets = candidates.map((index) => this.#lowest[index]);
    for (const [turn, index] of candidates.entries()) {
      const others = without(members, index);
      const below = this.#topAlike[this.#firstAlike[index]];
      const before = this.#put(index, offsets[turn]);
      const end = yield* this.#placeAll(others, { offset: offsets[turn], rank: this.#task.rank[index] });
      if (end !== "none") return end;
      this.#take(index, before, below);
    }
    return "none";
  }

  /** Puts a buffer down and gives the floor that was under it. */
  #put(index: number, offset: number): Float64Array {
    const { first, last, size } = this.#problem;
    const before = this.#floor.slice(first[index], last[index] + 1);
    this.offsets[index] = offset;
    this.#topAlike[this.#firstAlike[index]] = index;
    for (let section = first[index]; section <= last[index]; section++) {
      this.#floor[section] = offset + size[index];
      this.#open[section] -= size[index];
    }
    return before;
  }

  #take(index: number, before: Float64Array, below: number): void {
    const { first, last, size } = this.#problem;
    this.#topAlike[this.#firstAlike[index]] = below;
    this.#floor.set(before, first[index]);
    for (let section = first[index]; section <= last[index]; section++) this.#open[section] += size[index];
  }

  /**
   * Finds where each member could go. Gives the offset from which placing one would leave a hole that another fits in,
   * or nothing if some section has no room left for its members.
   */
  #survey(members: Int32Array, frontier: Frontier): number | undefined {
    const { first, last, size } = this.#problem;
    const from = first[members[0]];
    const to = lastSection(this.#problem, members);
    this.#movableTop.fill(Number.POSITIVE_INFINITY, from, to + 1);
    this.#waitingSize.fill(Number.POSITIVE_INFINITY, from, to + 1);
    this.#nextOffset.fill(Number.POSITIVE_INFINITY, from, to + 1);
    let limit = Number.POSITIVE_INFINITY;
    let movableTop = Number.POSITIVE_INFINITY;
    for (let turn = 0; turn < members.length; turn++) {
      const index = members[turn];
      this.#locate(index, frontier);
      const top = this.#lowest[index] + size[index];
      if (top > this.#task.capacity) return this.#conflict(first[index], last[index]);
      if (top < limit) limit = top;
      if (this.#movable[index] === 1) {
        if (top < movableTop) movableTop = top;
        this.#offer(first[index], last[index], this.#lowest[index], top);
      } else lower(this.#waitingSize, first[index], last[index], size[index]);
    }
    for (let turn = 0; turn < members.length; turn++)
      if (this.#movable[members[turn]] === 0 && !this.#raise(members[turn], movableTop)) return undefined;
    return this.#hasRoom(from, to)
      ? Math.min(limit, this.#task.capacity - greatest(this.#open, from, to) + 1)
      : undefined;
  }

  /** Finds the least offset of a buffer, and whether it may be placed there next. */
  #locate(index: number, { offset, rank }: Frontier): void {
    const { first, last, alignment } = this.#problem;
    const lowest = alignUp(greatest(this.#floor, first[index], last[index]), alignment[index]);
    const follows = lowest > offset || (lowest === offset && this.#task.rank[index] > rank);
    this.#lowest[index] = lowest;
    this.#movable[index] = follows && !this.#swapsWithBelow(index) ? 1 : 0;
  }

  /** Whether the buffer would lie right on one of the same lifetime that it could change places with. Of the two orders one is enough. */
  #swapsWithBelow(index: number): boolean {
    const { size, alignment } = this.#problem;
    const below = this.#topAlike[this.#firstAlike[index]];
    return (
      below >= 0 &&
      this.offsets[below] + size[below] === this.#lowest[index] &&
      alignment[below] === alignment[index] &&
      size[below] % alignment[below] === 0 &&
      size[index] % alignment[index] === 0 &&
      this.#task.rank[below] > this.#task.rank[index]
    );
  }

  /** Accounts for a movable buffer. */
  #offer(from: number, to: number, lowest: number, top: number): void {
    const movableTop = this.#movableTop;
    const nextOffset = this.#nextOffset;
    for (let section = from; section <= to; section++) {
      if (top < movableTop[section]) movableTop[section] = top;
      if (lowest < nextOffset[section]) nextOffset[section] = lowest;
    }
  }

  /** Accounts for a waiting buffer, which will lie on a movable neighbour or on a waiting one that itself lies on a movable one. */
  #raise(index: number, movableTop: number): boolean {
    const { first, last, size } = this.#problem;
    const onMovable = leastOf(this.#movableTop, first[index], last[index]);
    const least = Math.min(onMovable, movableTop + leastOf(this.#waitingSize, first[index], last[index]));
    if (least + size[index] > this.#task.capacity) {
      this.#conflict(first[index], last[index]);
      return false;
    }
    lower(this.#nextOffset, first[index], last[index], least);
    return true;
  }

  /** Whether each section can hold its open bytes above the least offset that one of them may have. */
  #hasRoom(from: number, to: number): boolean {
    const open = this.#open;
    const nextOffset = this.#nextOffset;
    const { capacity } = this.#task;
    for (let section = from; section <= to; section++) {
      if (open[section] > 0 && nextOffset[section] + open[section] > capacity) {
        this.#conflict(section, section);
        return false;
      }
    }
    return true;
  }

  #conflict(from: number, to: number): undefined {
    for (let section = from; section <= to; section++) this.#task.conflicts[section] += 1 / (to - from + 1);
  }

  /** Members that may come next, the lowest first. */
  #candidates(members: Int32Array, limit: number): readonly number[] {
    const { rank } = this.#task;
    const lowest = this.#lowest;
    const candidates: number[] = [];
    for (const index of members) {
      if (this.#movable[index] === 1 && lowest[index] < limit) candidates.push(index);
    }
    return candidates.sort((a, b) => lowest[a] - lowest[b] || rank[a] - rank[b]);
  }
}

function lower(values: Float64Array, from: number, to: number, value: number): void {
  for (let index = from; index <= to; index++) if (value < values[index]) values[index] = value;
}

function leastOf(values: Float64Array, from: number, to: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let index = from; index <= to; index++) if (values[index] < least) least = values[index];
  return least;
}

function greatest(values: Float64Array, from: number, to: number): number {
  let most = 0;
  for (let index = from; index <= to; index++) if (values[index] > most) most = values[index];
  return most;
}

/** By buffer: the first buffer with the same lifetime. */
function firstAlike({ count, first, last, sections }: Problem): Int32Array {
  const known = new Map<number, number>();
  return Int32Array.from({ length: count }, (_, index) => {
    const lifetime = first[index] * sections + last[index];
    if (!known.has(lifetime)) known.set(lifetime, index);
    return known.get(lifetime)!;
  });
}

function lastSection({ last }: Problem, members: Int32Array): number {
  let most = 0;
  for (let turn = 0; turn < members.length; turn++) if (last[members[turn]] > most) most = last[members[turn]];
  return most;
}

function without(members: Int32Array, excluded: number): Int32Array {
  const place = members.indexOf(excluded);
  const others = new Int32Array(members.length - 1);
  others.set(members.subarray(0, place));
  others.set(members.subarray(place + 1), place);
  return others;
}
