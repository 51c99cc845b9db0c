import { type CopyProblem, type CopySchedule, peakOf, timelineOf } from "./copy-problem.ts";
import { earliestStarts } from "./copy-starts.ts";

/** A schedule for a solver to start from: of the groups, single ones are left in memory or no longer, whichever saves most cycles, until none does or time is out. */
export function scheduleBySteps(problem: CopyProblem, seconds: number): CopySchedule {
  const end = performance.now() + seconds * 1000;
  const scheduleOf = (resident: ReadonlySet<number>) => ({ starts: earliestStarts(problem, resident), resident });
  const cyclesOf = (schedule: CopySchedule) =>
    peakOf(problem, schedule) <= problem.capacity ? timelineOf(problem, schedule).cycles : Number.POSITIVE_INFINITY;
  let best: CopySchedule = scheduleOf(new Set());
  let cycles = timelineOf(problem, best).cycles;
  for (let isBetter = problem.mayStay; isBetter; ) {
    isBetter = false;
    const { resident } = best;
    for (const group of problem.groups.keys()) {
      if (performance.now() > end) return best;
      const other = scheduleOf(toggled(resident, group));
      const taken = cyclesOf(other);
      if (taken >= cycles) continue;
      [best, cycles, isBetter] = [other, taken, true];
    }
  }
  return best;
}

function toggled(set: ReadonlySet<number>, member: number): ReadonlySet<number> {
  const other = new Set(set);
  if (!other.delete(member)) other.add(member);
  return other;
}
