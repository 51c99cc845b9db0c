import type { Constraint, LinearProblem, Unknown } from "../solver.ts";
import { type CopyProblem, type CopySchedule, peakOf, timelineOf } from "./copy-problem.ts";

/** What is to be least: cycles, or bytes where no more than so many cycles are allowed. */
export interface CopyGoal {
  readonly least: "cycles" | "bytes";
  readonly mostCycles: number;
}

/** More whole unknowns are not worth a try. */
const mostWhole = 20_000;

/** The model of a problem; undefined if it is too large for a solver. */
export function copyModelOf(problem: CopyProblem, goal: CopyGoal): CopyModel | undefined {
  const firsts = firstCommands(problem);
  const whole = problem.copies.reduce((sum, { use }, index) => sum + use - firsts[index], problem.groups.length);
  return whole > mostWhole ? undefined : new CopyModel(problem, goal, firsts);
}

/** The first command by which each copy could begin: as long as it has room, and after the one before. */
function firstCommands({ copies, live, capacity, overlaps }: CopyProblem): readonly number[] {
  let earliest = 0;
  return copies.map(({ use, bytes }) => {
    let first = use;
    while (overlaps && first > earliest && live[first - 1] + bytes <= capacity) first--;
    earliest = first;
    return first;
  });
}

/**
 * A copy problem as a linear one, in thousandths of its computing time and of its memory. Unknown are when commands begin and copies end, which groups
 * stay, and for each copy and each command ahead of its use whether the copy has begun by then, or stays.
 */
class CopyModel {
  readonly #copying: CopyProblem;
  readonly #firsts: readonly number[];
  readonly #unknowns: Unknown[] = [];
  readonly #constraints: Constraint[] = [];
  readonly #perCycle: number;
  readonly #perByte: number;
  /** Cycles of waiting that are allowed. */
  readonly #waiting: number;
  readonly #begins: readonly number[];
  readonly #ends: readonly number[];
  readonly #stays: readonly number[];
  readonly #begun: readonly (readonly number[])[];
  readonly #time: number;
  readonly #most: number;
  /** Cycles or bytes for a cost of 1. */
  readonly unit: number;

  constructor(problem: CopyProblem, { least, mostCycles }: CopyGoal, firsts: readonly number[]) {
    const { cycles, copies, groups, capacity, mayStay } = problem;
    const computing = cycles.reduce((sum, count) => sum + count, 0);
    this.#copying = problem;
    this.#firsts = firsts;
    this.#perCycle = 1000 / computing;
    this.#perByte = 1000 / capacity;
    this.#waiting = mostCycles - computing;
    this.unit = 1 / (least === "cycles" ? this.#perCycle : this.#perByte);
    const latest = mostCycles * this.#perCycle;
    this.#begins = cycles.map(() => this.#unknown(0, latest));
    this.#ends = copies.map(() => this.#unknown(0, latest));
    this.#stays = groups.map(() => this.#choice(mayStay));
    this.#begun = copies.map(({ use }, index) => Array.from({ length: use - firsts[index] }, () => this.#choice(true)));
    this.#time = this.#unknown(computing * this.#perCycle, latest, Number(least === "cycles"));
    this.#most = this.#unknown(0, capacity * this.#perByte, Number(least === "bytes"));
    this.#constrainOrder();
    for (const index of copies.keys()) {
      this.#constrainCopy(index);
      this.#constrainStarts(index);
    }
    this.#constrainMemory();
  }

  get problem(): LinearProblem {
    return { unknowns: this.#unknowns, constraints: this.#constraints };
  }

  #unknown(low: number, high: number, cost = 0): number {
    return this.#unknowns.push({ cost, low, high, isWhole: false }) - 1;
  }

  #choice(isOpen: boolean): number {
    return this.#unknowns.push({ cost: 0, low: 0, high: Number(isOpen), isWhole: true }) - 1;
  }

  #atLeast(low: number, ...terms: Constraint["terms"]): void {
    this.#constraints.push({ low, terms });
  }

  /** Commands follow one another. */
  #constrainOrder(): void {
    for (const [command, begin] of this.#begins.entries()) {
      const taken = this.#copying.cycles[command] * this.#perCycle;
      this.#atLeast(taken, [this.#begins[command + 1] ?? this.#time, 1], [begin, -1]);
    }
  }

  /**
   * A copy ends before its use, behind the copy before, and behind every command by which it has not begun. Where it has, the last is relaxed by the
   * cycles from its first command on and what is waited for.
   */
  #constrainCopy(index: number): void {
    const { cycles, copies } = this.#copying;
    const { use, group, cycles: count } = copies[index];
    const first = this.#firsts[index];
    const copying = count * this.#perCycle;
    const end = [this.#ends[index], 1] as const;
    const stays = [this.#stays[group], copying] as const;
    this.#atLeast(0, [this.#begins[use], 1], [this.#ends[index], -1]);
    this.#atLeast(copying, end, stays, ...(index > 0 ? [[this.#ends[index - 1], -1] as const] : []));
    let between = first === 0 ? cycles[0] : 0;
    for (let at = Math.max(1, first); at <= use; at++) {
      const taken = cycles[at - 1] * this.#perCycle;
      const relaxation = (between + this.#waiting) * this.#perCycle;
      const relaxed = at > first ? [[this.#begun[index][at - 1 - first], relaxation] as const] : [];
      this.#atLeast(taken + copying, end, [this.#begins[at - 1], -1], stays, ...relaxed);
      between += cycles[at];
    }
  }

  /** A copy that has begun stays begun, what stays is there from the start, and copies begin in the order of use. */
  #constrainStarts(index: number): void {
    const stays = this.#stays[this.#copying.copies[index].group];
    for (const [at, now] of this.#begun[index].entries()) {
      this.#atLeast(0, [now, 1], [this.#begun[index][at - 1] ?? stays, -1]);
      const ahead = this.#begun[index - 1]?.[this.#firsts[index] + at - this.#firsts[index - 1]];
      if (ahead !== undefined) this.#atLeast(0, [ahead, 1], [now, -1], [stays, 1]);
    }
  }

  /** What is alive at a command, what stays, and what has begun to be copied for it or a later one. */
  #constrainMemory(): void {
    const { live, copies, groups } = this.#copying;
    for (const command of this.#begins.keys()) {
      const terms = new Map(groups.map(({ bytes }, group) => [this.#stays[group], -bytes * this.#perByte]));
      const add = (unknown: number, bytes: number) =>
        void terms.set(unknown, (terms.get(unknown) ?? 0) + bytes * this.#perByte);
      let needed = live[command];
      for (const [index, { use, bytes, group }] of copies.entries()) {
        if (command > use || command < this.#firsts[index]) continue;
        if (command === use) needed += bytes;
        else add(this.#begun[index][command - this.#firsts[index]], -bytes);
        add(this.#stays[group], bytes);
      }
      this.#atLeast(needed * this.#perByte, [this.#most, 1], ...terms);
    }
  }

  /** The unknowns of a schedule. */
  valuesOf(schedule: CopySchedule): Float64Array {
    const { cycles, copies, groups } = this.#copying;
    const timeline = timelineOf(this.#copying, schedule);
    const values = new Float64Array(this.#unknowns.length);
    for (const [command, at] of this.#begins.entries()) values[at] = timeline.starts[command] * this.#perCycle;
    for (const group of groups.keys()) values[this.#stays[group]] = Number(schedule.resident.has(group));
    let latest = 0;
    for (const [index, { group }] of copies.entries()) {
      const first = this.#firsts[index];
      const free = first === 0 ? 0 : timeline.starts[first - 1] + cycles[first - 1];
      latest = Math.max(latest, timeline.copied[index] ?? free);
      values[this.#ends[index]] = latest * this.#perCycle;
      for (const [at, now] of this.#begun[index].entries())
        values[now] = Number(schedule.resident.has(group) || schedule.starts[index] <= first + at);
    }
    values[this.#time] = timeline.cycles * this.#perCycle;
    values[this.#most] = peakOf(this.#copying, schedule) * this.#perByte;
    return values;
  }

  scheduleOf(values: ArrayLike<number>): CopySchedule {
    const { copies, groups } = this.#copying;
    const resident = new Set([...groups.keys()].filter((group) => values[this.#stays[group]] > 0.5));
    let earliest = 0;
    const starts = copies.map(({ use, group }, index) => {
      if (resident.has(group)) return earliest;
      const at = this.#begun[index].findIndex((now) => values[now] > 0.5);
      earliest = Math.max(earliest, at < 0 ? use : this.#firsts[index] + at);
      return earliest;
    });
    return { starts, resident };
  }
}
