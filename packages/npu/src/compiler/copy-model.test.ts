import fc from "fast-check";
import { expect, test } from "vitest";
import { loadSolver } from "../solver.ts";
import { copyModelOf } from "./copy-model.ts";
import { type CopyProblem, type CopySchedule, peakOf, timelineOf } from "./copy-problem.ts";
import { earliestStarts, latestStarts } from "./copy-starts.ts";

const count = fc.integer({ min: 1, max: 9 });

/** Four commands, of which three read constants of their own. */
const problems = fc
  .record({
    cycles: fc.array(count, { minLength: 4, maxLength: 4 }),
    live: fc.array(count, { minLength: 4, maxLength: 4 }),
    sizes: fc.array(count, { minLength: 3, maxLength: 3 }),
    rate: fc.integer({ min: 1, max: 3 }),
    room: fc.integer({ min: 0, max: 12 }),
    mayStay: fc.boolean(),
    overlaps: fc.boolean(),
  })
  .map(({ cycles, live, sizes, rate, room, mayStay, overlaps }): CopyProblem => {
    const copies = sizes.map((bytes, group) => ({ use: group + 1, bytes, cycles: bytes * rate, group }));
    const groups = sizes.map((bytes) => ({ buffers: [], bytes }));
    const least = live.map((bytes, command) => bytes + (sizes[command - 1] ?? 0));
    return { cycles, live, copies, groups, capacity: Math.max(...least) + room, mayStay, overlaps };
  });

/** All schedules within the memory. */
function schedulesOf(problem: CopyProblem): readonly CopySchedule[] {
  const sets = problem.mayStay
    ? [...Array(8).keys()].map((bits) => new Set([0, 1, 2].filter((at) => bits & (1 << at))))
    : [new Set<number>()];
  const starts = [0, 1].flatMap((a) => [0, 1, 2].flatMap((b) => [0, 1, 2, 3].map((c) => [a, b, c])));
  const inOrder = starts.filter(([a, b, c]) => a <= b && b <= c);
  const all = sets.flatMap((resident) => inOrder.map((starts) => ({ starts, resident })));
  return all.filter((schedule) => peakOf(problem, schedule) <= problem.capacity);
}

const leastCycles = (problem: CopyProblem, schedules: readonly CopySchedule[]) =>
  Math.min(...schedules.map((schedule) => timelineOf(problem, schedule).cycles));

test("a solver finds what all schedules of a small problem show to be least, in cycles and then in bytes", async () => {
  const solver = await loadSolver();
  fc.assert(
    fc.property(problems, (problem) => {
      const all = schedulesOf(problem);
      const least = leastCycles(problem, all);
      const start = { starts: [1, 2, 3], resident: new Set<number>() };
      const mostCycles = timelineOf(problem, start).cycles;
      const forCycles = copyModelOf(problem, { least: "cycles", mostCycles })!;
      const found = solver.minimize(forCycles.problem, 5, forCycles.valuesOf(start));
      const schedule = forCycles.scheduleOf(found.values!);
      expect(timelineOf(problem, schedule).cycles).toBe(least);
      expect(peakOf(problem, schedule)).toBeLessThanOrEqual(problem.capacity);
      expect(found.bound * forCycles.unit).toBeCloseTo(least, 3);
      const forBytes = copyModelOf(problem, { least: "bytes", mostCycles: least })!;
      const leanest = solver.minimize(forBytes.problem, 5, forBytes.valuesOf(schedule));
      const peaks = all
        .filter((other) => timelineOf(problem, other).cycles === least)
        .map((other) => peakOf(problem, other));
      expect(leanest.bound * forBytes.unit).toBeCloseTo(Math.min(...peaks), 3);
    }),
    { numRuns: 40 },
  );
});

test("copies that begin as early as they can have none come sooner, and as late as they can take the least bytes everywhere", () => {
  fc.assert(
    fc.property(problems, (any) => {
      const problem = { ...any, mayStay: false, overlaps: true };
      const all = schedulesOf(problem);
      const early: CopySchedule = { starts: earliestStarts(problem, new Set()), resident: new Set() };
      const timeline = timelineOf(problem, early);
      expect(timeline.cycles).toBe(leastCycles(problem, all));
      const late = { ...early, starts: latestStarts(problem, early, timeline) };
      expect(timelineOf(problem, late)).toMatchObject({ starts: timeline.starts, cycles: timeline.cycles });
      expect(peakOf(problem, late)).toBeLessThanOrEqual(peakOf(problem, early));
    }),
  );
});
