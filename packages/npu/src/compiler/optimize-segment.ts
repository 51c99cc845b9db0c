import type { KernelContext } from "@millrace/runtime";
import type { Machine } from "../machine.ts";
import { simulate } from "../simulator/simulate.ts";
import type { Solver } from "../solver.ts";
import { assemble, type CompiledSegment, draftSegment, place, type ScheduleOptions } from "./compile-segment.ts";
import { type CopyGoal, copyModelOf } from "./copy-model.ts";
import { type CopyProblem, type CopySchedule, copyProblemOf, peakOf, timelineOf } from "./copy-problem.ts";
import { earliestStarts, latestStarts } from "./copy-starts.ts";
import { scheduleBySteps } from "./resident-search.ts";

/** The level `optimal`: what searches, and for how long at most. */
export interface OptimalLevel {
  readonly solver: Solver;
  /** For each program. */
  readonly seconds: number;
}

/**
 * The program of a segment with the fewest cycles that can be found in the time, and of those the fewest bytes: which constants stay in memory and when
 * the others are copied, by a solver, and the layout of memory. By what the simulator says it is no worse than `fast`, the program that rules made.
 * Programs in tiles, of machines with an outer memory, are left as they are.
 */
export function optimizeSegment(
  fast: CompiledSegment,
  machine: Machine,
  context: KernelContext,
  options: ScheduleOptions,
  { solver, seconds }: OptimalLevel,
): CompiledSegment {
  if (machine.outer) return { ...fast, search: { boundCycles: 0, seconds: 0 } };
  const started = performance.now();
  const left = () => Math.max(0.01, seconds - (performance.now() - started) / 1000);
  const draft = draftSegment(fast, machine, context, options);
  const problem = copyProblemOf(draft, machine, options);
  const cyclesOf = ({ program }: CompiledSegment) => simulate(program, machine).cycles;
  let [best, cycles, boundCycles] = [fast, cyclesOf(fast), 0];
  for (let { capacity } = problem, attempt = 0; attempt < mostAttempts; attempt++) {
    const { schedules, bound } = schedulesOf({ ...problem, capacity }, solver, left);
    if (attempt === 0) boundCycles = bound;
    const overshoots = schedules.map((schedule) => {
      const placed = place(draft, problem, schedule, machine, (1000 * left()) / mostAttempts);
      const beyond = placed.layout.plan.arenaBytes + placed.residentBytes - problem.capacity;
      if (beyond > 0) return beyond;
      const other = assemble(draft, placed, machine, options);
      const taken = cyclesOf(other);
      if (taken < cycles || (taken === cycles && other.memory.bytes < best.memory.bytes))
        [best, cycles] = [other, taken];
      return 0;
    });
    if (overshoots.includes(0)) break;
    capacity -= Math.min(...overshoots);
  }
  return { ...best, search: { boundCycles, seconds: (performance.now() - started) / 1000 } };
}

/** How often less memory is pretended than there is, where schedules leave gaps in it. */
const mostAttempts = 4;

/** Schedules that are worth to be simulated, the likely best first, and what no schedule in the order of use goes below. */
function schedulesOf(problem: CopyProblem, solver: Solver, left: () => number) {
  const all: CopySchedule = { starts: problem.copies.map(() => 0), resident: new Set(problem.groups.keys()) };
  if (problem.mayStay && peakOf(problem, all) <= problem.capacity)
    return { schedules: [all], bound: timelineOf(problem, all).cycles };
  const early = scheduleBySteps(problem, left() / 4);
  const before = timelineOf(problem, early);
  const computing = problem.cycles.reduce((sum, cycles) => sum + cycles, 0);
  const found =
    problem.mayStay && before.cycles > computing
      ? solved(problem, { least: "cycles", mostCycles: before.cycles }, early, solver, left() / 2)
      : { schedule: early, bound: before.cycles };
  const soonest = { ...found.schedule, starts: earliestStarts(problem, found.schedule.resident) };
  const timeline = timelineOf(problem, soonest);
  const late = { ...soonest, starts: latestStarts(problem, soonest, timeline) };
  const schedules = [late, soonest];
  if (peakOf(problem, late) > leastBytes(problem)) {
    const goal: CopyGoal = { least: "bytes", mostCycles: timeline.cycles };
    schedules.unshift(solved(problem, goal, late, solver, left() / 2).schedule);
  }
  return { schedules, bound: found.bound };
}

function solved(problem: CopyProblem, goal: CopyGoal, start: CopySchedule, solver: Solver, seconds: number) {
  const model = copyModelOf(problem, goal);
  if (model === undefined) return { schedule: start, bound: 0 };
  const { values, bound } = solver.minimize(model.problem, seconds, model.valuesOf(start));
  return { schedule: values ? model.scheduleOf(values) : start, bound: bound * model.unit };
}

/** Bytes that every schedule needs: those of a command's data and constants. */
function leastBytes({ live, copies }: CopyProblem): number {
  const needed = Float64Array.from(live);
  for (const { use, bytes } of copies) needed[use] += bytes;
  return needed.reduce((most, bytes) => Math.max(most, bytes), 0);
}
