import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ArenaBuffer } from "./buffer.ts";
import { smallestArena, smallInstances } from "./buffers.testing.ts";
import { planMemory, planMemoryInSteps } from "./plan-memory.ts";
import { liveBytes, problemOf } from "./problem.ts";
import { Search } from "./search.ts";
import { verifyPlan } from "./verify-plan.ts";

const b = (start: number, end: number, size: number): ArenaBuffer => ({ start, end, size });
const example = [b(0, 3, 4), b(3, 9, 4), b(0, 9, 4), b(9, 21, 4), b(0, 21, 4)];

/** A crowd whose best plan heuristics miss. */
const crowd = Array.from({ length: 60 }, (_, index) => {
  const start = (index * 7) % 23;
  return b(start, start + 1 + ((index * 5) % 9), 1 + ((index * index * 31) % 97));
});

function searchOf(buffers: readonly ArenaBuffer[], capacity: number, seed: number) {
  const problem = problemOf(buffers, 1);
  const rank = Int32Array.from({ length: problem.count }, (_, index) => index);
  rank.sort((a, b) => ((a * 7919 + seed) % 31) - ((b * 7919 + seed) % 31));
  const conflicts = new Float64Array(problem.sections);
  const search = new Search(problem, { capacity, rank, budget: 1e6, conflicts });
  const steps = search.run();
  let step = steps.next();
  while (!step.done) step = steps.next();
  const offsets = new Array<number>(buffers.length).fill(0);
  problem.source.forEach((source, index) => {
    offsets[source] = search.offsets[index];
  });
  return { end: step.value, offsets };
}

describe("a memory plan", () => {
  it("is as small as any for small instances, and says so", () => {
    fc.assert(
      fc.property(smallInstances, (buffers) => {
        const plan = planMemory(buffers);
        verifyPlan(buffers, plan);
        const arenaBytes = smallestArena(buffers);
        expect(plan).toMatchObject({ arenaBytes, lowerBoundBytes: arenaBytes, optimal: true });
      }),
      { numRuns: 150 },
    );
  });

  it("of the published example takes 12 bytes", () => {
    expect(planMemory(example)).toMatchObject({ arenaBytes: 12, lowerBoundBytes: 12, optimal: true });
  });

  it("is the same every time, in steps too", async () => {
    const capacity = planMemory(crowd, { milliseconds: 1 }).lowerBoundBytes + 10;
    const plan = planMemory(crowd, { capacity });
    verifyPlan(crowd, plan);
    expect(plan.arenaBytes).toBeLessThanOrEqual(capacity);
    expect(planMemory(crowd, { capacity }).offsets).toEqual(plan.offsets);
    expect((await planMemoryInSteps(crowd, { capacity })).offsets).toEqual(plan.offsets);
  });

  it("ends with a proof where a capacity is too small", () => {
    const plan = planMemory(example, { capacity: 11 });
    expect(plan).toMatchObject({ lowerBoundBytes: 12, optimal: plan.arenaBytes === 12 });
  });

  it("keeps to the alignment of the plan and of each buffer", () => {
    const buffers = [b(0, 2, 5), { ...b(0, 2, 3), alignment: 4 }, b(1, 3, 17)];
    const plan = planMemory(buffers, { alignment: 16 });
    verifyPlan(buffers, plan, 16);
    expect(plan.optimal).toBe(true);
    expect(plan.arenaBytes).toBe(33);
  });

  it("of nothing, or of empty buffers, takes no memory", () => {
    expect(planMemory([])).toMatchObject({ offsets: [], arenaBytes: 0, lowerBoundBytes: 0, optimal: true });
    expect(planMemory([b(0, 1, 0)])).toMatchObject({ offsets: [0], arenaBytes: 0, optimal: true });
  });

  it("of more buffers than can be searched is still one, however little time there is", () => {
    const many = Array.from({ length: 20_000 }, (_, index) =>
      b(index % 977, (index % 977) + 1 + (index % 13), index % 1009),
    );
    const plan = planMemory(many, { milliseconds: 50 });
    verifyPlan(many, plan);
    expect(plan.arenaBytes).toBeGreaterThanOrEqual(plan.lowerBoundBytes);
  });

  it("is given up when the signal says so", async () => {
    await expect(planMemoryInSteps(crowd, { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow(
      "enough",
    );
  });

  it.each([
    ["plan.bad-buffer", [b(3, 3, 1)]],
    ["plan.bad-buffer", [b(0, 1, -1)]],
    ["plan.bad-buffer", [b(0, Number.NaN, 1)]],
    ["plan.bad-buffer", [{ ...b(0, 1, 1), alignment: 0 }]],
    ["plan.too-large", [b(0, 1, 2 ** 52), b(0, 1, 2 ** 52)]],
  ])("is refused with %s for %j", (code, buffers) => {
    expect(() => planMemory(buffers)).toThrow(code);
  });
});

describe("the search", () => {
  it("forgets what lay below in a part that was given up with another one", () => {
    const buffers = [
      b(2, 5, 6),
      b(3, 4, 5),
      b(3, 4, 8),
      b(4, 5, 9),
      { ...b(4, 5, 4), alignment: 4 },
      { ...b(1, 5, 8), alignment: 2 },
    ];
    for (let seed = 0; seed < 31; seed++) expect(searchOf(buffers, smallestArena(buffers), seed).end).toBe("found");
  });

  it("finds a plan of the least size and proves that none is smaller, whatever the order", () => {
    fc.assert(
      fc.property(smallInstances, fc.nat(30), (buffers, seed) => {
        const arenaBytes = smallestArena(buffers);
        const { end, offsets } = searchOf(buffers, arenaBytes, seed);
        expect(end).toBe("found");
        verifyPlan(buffers, { offsets, arenaBytes });
        if (arenaBytes > 0) expect(searchOf(buffers, arenaBytes - 1, seed).end).toBe("none");
      }),
      { numRuns: 300 },
    );
  });
});

describe("the sections of a problem", () => {
  it("hold together the buffers that live together, and no more", () => {
    fc.assert(
      fc.property(smallInstances, (buffers) => {
        const { count, first, last, source } = problemOf(buffers, 1);
        for (let x = 0; x < count; x++) {
          for (let y = 0; y < count; y++) {
            const [left, right] = [buffers[source[x]], buffers[source[y]]];
            const together = left.start < right.end && right.start < left.end;
            expect(first[x] <= last[y] && first[y] <= last[x]).toBe(together);
          }
        }
      }),
    );
  });

  it("count the live bytes of the fullest moment", () => {
    expect(Math.max(...liveBytes(problemOf(example, 1)))).toBe(12);
  });
});

describe("verifyPlan", () => {
  it.each([
    ["overlap", [0, 0, 4, 0, 2], 12],
    ["within", [0, 0, 4, 0, 8], 11],
    ["aligned", [0, 0, 4, 0, 9], 16],
    ["offsets for", [0, 0, 4, 0], 12],
  ])("objects to a plan: %s", (why, offsets, arenaBytes) => {
    expect(() => verifyPlan(example, { offsets, arenaBytes }, 2)).toThrow(why);
  });

  it("agrees with looking at all pairs", () => {
    fc.assert(
      fc.property(smallInstances, fc.array(fc.nat(20), { minLength: 7, maxLength: 7 }), (buffers, places) => {
        const plain = buffers.map(({ start, end, size }) => ({ start, end, size: size + 1 }));
        const offsets = places.slice(0, plain.length);
        const clash = plain.some((x, i) =>
          plain.some(
            (y, j) =>
              i < j &&
              x.start < y.end &&
              y.start < x.end &&
              offsets[i] < offsets[j] + y.size &&
              offsets[j] < offsets[i] + x.size,
          ),
        );
        const verify = () => verifyPlan(plain, { offsets, arenaBytes: 40 });
        if (clash) expect(verify).toThrow("overlap");
        else verify();
      }),
    );
  });
});
