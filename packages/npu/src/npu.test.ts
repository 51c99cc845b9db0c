import { Graph } from "@millrace/ir";
import { referenceEngine } from "@millrace/runtime";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileGraph, isSegment, loadSolver, type Machine, machines, npuEngine, profileCompilation } from "./index.ts";
import {
  append,
  bytes,
  features,
  network,
  type Sizes,
  type Step,
  sizes,
  step,
  typeOf,
} from "./random-network.testing.ts";

/** One that leaves everything to the array. */
const slowProcessor = { ...machines.imxrt700.processor, element: 1e6 };

describe("the NPU", () => {
  test.each(["memory", "storage"] as const)(
    "computes random networks as the reference kernels do, weights in %s",
    async (weights) => {
      await fc.assert(
        fc.asyncProperty(
          sizes,
          fc.array(step, { minLength: 1, maxLength: 6 }),
          fc.boolean(),
          features,
          async (size, steps, ours, features) => {
            const graph = network(size as unknown as Sizes, steps);
            const wanted = [...graph.nodes()].map(({ outputs }) => outputs[0]);
            const feeds = new Map([["x", bytes(9, size)]]);
            const ports = { weights: 8, data: ours ? 64 : 8 };
            const storage = { copyBytesPerCycle: 0.8, overlaps: ours, direct: false };
            const machine = { ...machines.imxrt700, features, ports, storage, processor: slowProcessor };
            expect([...compileGraph(graph, machine).reasons.values()]).toEqual([]);
            const expected = await (await referenceEngine().prepare(graph, wanted)).run(feeds);
            const engine = npuEngine(machine, { weights, overlapCopies: ours, joinRows: ours, mapByLine: ours });
            const results = await (await engine.prepare(graph, ours ? [] : wanted)).run(feeds);
            for (const [name, { data }] of results)
              expect(Array.from(data as Int8Array)).toEqual(Array.from(expected.get(name)!.data as Int8Array));
          },
        ),
        { numRuns: 60 },
      );
    },
  );

  test("computes the same at the level optimal, in no more cycles and, where these are as many, no more bytes", async () => {
    const solver = await loadSolver();
    await fc.assert(
      fc.asyncProperty(
        sizes,
        fc.array(step, { minLength: 2, maxLength: 6 }),
        fc.constantFrom(5_000, 8_000, 12_000),
        fc.constantFrom("automatic", "storage"),
        fc.boolean(),
        async (size, steps, memory, weights, overlaps) => {
          const graph = network(size as unknown as Sizes, steps);
          const known = machines.imxrt700;
          const machine: Machine = {
            ...known,
            memory: { ...known.memory, bytes: memory },
            storage: { copyBytesPerCycle: 0.5, overlaps, direct: false },
            processor: slowProcessor,
          };
          const options = { weights, overlapCopies: true, joinRows: true, mapByLine: true } as const;
          const optimal = { ...options, optimal: { solver, seconds: 0.5 } };
          const [fast, best] = [options, optimal].map((level) => compileGraph(graph, machine, level));
          const [before, after] = [fast, best].map(profileCompilation);
          const memoryOf = ({ phases }: typeof fast) => phases.filter(isSegment).map((segment) => segment.memory.bytes);
          expect(after.cycles).toBeLessThanOrEqual(before.cycles);
          expect(after.cycles).toBeGreaterThanOrEqual(after.bounds.scheduled * (1 - 1e-9));
          expect(Math.max(0, ...memoryOf(best))).toBeLessThanOrEqual(memory);
          if (after.cycles === before.cycles && memoryOf(best).length === 1)
            expect(memoryOf(best)[0]).toBeLessThanOrEqual(memoryOf(fast)[0]);
          const feeds = new Map([["x", bytes(9, size)]]);
          const expected = await (await referenceEngine().prepare(graph)).run(feeds);
          expect(await (await npuEngine(machine, optimal).prepare(graph)).run(feeds)).toEqual(expected);
        },
      ),
      { numRuns: 15 },
    );
  });

  test("is never faster than its lower bounds, whatever the machine", () => {
    fc.assert(
      fc.property(
        sizes,
        fc.array(step, { minLength: 1, maxLength: 6 }),
        fc.record({
          memory: fc.constantFrom(3_000, 6_000, 12_000, 100_000),
          rate: fc.constantFrom(0.1, 1, 8),
          weights: fc.constantFrom(1, 2.9, 8, 16),
          data: fc.constantFrom(1, 4, 8, 64),
          overlaps: fc.boolean(),
          direct: fc.boolean(),
          cacheBytes: fc.constantFrom(0, 512, 4096),
          ours: fc.boolean(),
          placement: fc.constantFrom("automatic", "storage"),
          mode: fc.constantFrom("sequencer", "driver"),
        }),
        (size, steps, { memory, rate, weights, data, overlaps, direct, cacheBytes, ours, placement, mode }) => {
          const known = machines.imxrt700;
          const machine: Machine = {
            ...known,
            memory: { ...known.memory, bytes: memory },
            storage: { copyBytesPerCycle: rate, overlaps, direct },
            ports: { weights, data },
            processor: slowProcessor,
            features: { ...known.features, cacheBytes },
          };
          const options = { mode, weights: placement, overlapCopies: ours, joinRows: ours, mapByLine: ours };
          const compilation = compileGraph(network(size as unknown as Sizes, steps), machine, options);
          const { cycles, bounds } = profileCompilation(compilation);
          const tolerance = cycles * 1e-9;
          expect(bounds.cycles).toBeLessThanOrEqual(bounds.scheduled + tolerance);
          expect(bounds.scheduled).toBeLessThanOrEqual(cycles + tolerance);
          expect(bounds.cycles).toBeGreaterThan(0);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("leaves to the processor what does not fit, and computes the same", async () => {
    const steps = [1, 2, 3].map((seed): Step => ({ kind: "window", channels: 19, stride: 1, seed }));
    const graph = network([1, 9, 9, 11], steps);
    const whole = machines.imxrt700;
    for (const size of [80_000, 20_000, 9_000, 5_000, 2_000]) {
      const machine = { ...whole, memory: { ...whole.memory, bytes: size } };
      const { reasons, phases } = compileGraph(graph, machine);
      const needed = phases.filter(isSegment).map(({ program }) => program.memoryBytes);
      expect(Math.max(0, ...needed)).toBeLessThanOrEqual(size);
      expect(reasons.size > 0).toBe(size < 20_000);
      const feeds = new Map([["x", bytes(9, [1, 9, 9, 11])]]);
      const expected = await (await referenceEngine().prepare(graph)).run(feeds);
      expect(await (await npuEngine(machine).prepare(graph)).run(feeds)).toEqual(expected);
    }
  });

  test("leaves to the processor what is too long for a command", () => {
    const graph = new Graph("long");
    const x = graph.addInput("x", typeOf([1, 2 ** 20 + 1, 1, 1]));
    graph.setOutputs([append(graph, x, { kind: "greatest", channels: 1, stride: 1, seed: 1 })]);
    const machine = { ...machines.imxrt700, array: { ...machines.imxrt700.array, comparisons: 64 } };
    const { reasons, phases } = compileGraph(graph, machine);
    expect([...reasons.values()]).toEqual([expect.stringMatching(/height is 1048577/)]);
    expect(phases.some(isSegment)).toBe(false);
  });
});
