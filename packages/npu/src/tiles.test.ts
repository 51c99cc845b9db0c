import { DiagnosticError } from "@millrace/ir";
import { referenceEngine } from "@millrace/runtime";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileGraph, isSegment, type Machine, machines, npuEngine, simulate } from "./index.ts";
import { bytes, features, network, type Sizes, step } from "./random-network.testing.ts";

const { imx95 } = machines;

/** A machine with so many bytes of coupled memory, whose processor is no choice. */
function small(memoryBytes: number, strided = true, channels = 2): Machine {
  return {
    ...imx95,
    array: { ...imx95.array, pipelines: 8, lanes: 8, cores: 2 },
    memory: { ...imx95.memory, bytes: memoryBytes },
    outer: { ...imx95.outer!, strided, channels },
    processor: { ...imx95.processor, element: 1e6 },
  };
}

const machinesWithTiles = fc
  .record({
    kilobytes: fc.integer({ min: 2, max: 12 }),
    strided: fc.boolean(),
    channels: fc.integer({ min: 1, max: 3 }),
    features,
  })
  .map(({ kilobytes, strided, channels, features }) => ({ ...small(kilobytes * 1024, strided, channels), features }));

/** Larger than those memories. */
const images = fc.tuple(
  fc.constant(1),
  fc.integer({ min: 3, max: 16 }),
  fc.integer({ min: 3, max: 16 }),
  fc.integer({ min: 1, max: 24 }),
);

describe("tiles", () => {
  test("of random networks in a few kilobytes give what the reference kernels do", async () => {
    await fc.assert(
      fc.asyncProperty(
        images,
        fc.array(step, { minLength: 1, maxLength: 5 }),
        machinesWithTiles,
        fc.boolean(),
        async (size, steps, machine, ours) => {
          const graph = network(size as unknown as Sizes, steps);
          const wanted = [...graph.nodes()].map(({ outputs }) => outputs[0]);
          const feeds = new Map([["x", bytes(9, size)]]);
          const expected = await (await referenceEngine().prepare(graph, wanted)).run(feeds);
          const options = { joinRows: ours, mapByLine: ours };
          const results = await (await npuEngine(machine, options).prepare(graph, ours ? [] : wanted)).run(feeds);
          for (const [name, { data }] of results)
            expect(Array.from(data as Int8Array)).toEqual(Array.from(expected.get(name)!.data as Int8Array));
        },
      ),
      { numRuns: 25 },
    );
  });

  /** Three convolutions of a network that is larger than the memory. */
  const steps = [1, 2, 3].map((seed) => ({ kind: "window", channels: 16, stride: 1, seed }) as const);
  const layers = network([1, 24, 24, 8], steps);

  /** The program of their part. */
  function threeLayers(machine: Machine) {
    const { phases, reasons } = compileGraph(layers, machine, { joinRows: true });
    return { program: phases.find(isSegment)!.program, reasons };
  }

  test("take the memory there is, and more are needed the less there is", () => {
    const counts = [96, 16, 8].map((kilobytes) => {
      const { program, reasons } = threeLayers(small(kilobytes * 1024));
      expect(program.memoryBytes).toBeLessThanOrEqual(kilobytes * 1024);
      expect(program.outerBytes).toBeGreaterThan(0);
      expect([...reasons.keys()].map(({ op }) => op.name)).toEqual(kilobytes > 32 ? [] : ["linear"]);
      return program.commands.filter(({ kind }) => kind.name === "convolve").length;
    });
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(counts[2]).toBeGreaterThan(3 * counts[0]);
  });

  test("come in and go out while others are computed", () => {
    const fast = small(16 * 1024);
    const machine = { ...fast, outer: { ...fast.outer!, readBytesPerCycle: 2, writeBytesPerCycle: 2 } };
    const { program } = threeLayers(machine);
    const { events, cycles } = simulate(program, machine);
    const lasting = (lane: string) =>
      events.filter((event) => event.lane === lane).reduce((sum, { start, end }) => sum + end - start, 0);
    expect(lasting("array") + lasting("copies")).toBeGreaterThan(1.2 * cycles);
  });

  test("are never used without waiting: a missing wait is found, or changes nothing", () => {
    const machine = small(8 * 1024);
    const { program } = threeLayers(machine);
    const input = bytes(9, [1, 24, 24, 8]).data as Int8Array;
    const inputs = [new Uint8Array(input.buffer as ArrayBuffer, input.byteOffset, input.length)];
    const expected = simulate(program, machine, inputs).outputs;
    const waits = program.commands.filter(({ kind }) => kind.name === "await").filter((_, at) => at % 3 === 0);
    const found = waits.filter((wait) => {
      const commands = program.commands.filter((command) => command !== wait);
      try {
        expect(simulate({ ...program, commands }, machine, inputs).outputs).toEqual(expected);
        return false;
      } catch (error) {
        if (!(error instanceof DiagnosticError)) throw error;
        expect(error.diagnostics[0].code).toBe("npu.race");
        return true;
      }
    });
    expect(found.length).toBeGreaterThan(waits.length / 4);
  });

  test("are of plain commands where chains and compressed weights would be too large for them", () => {
    const kinds = ["window", "greatest", "window", "greatest"] as const;
    const graph = network(
      [1, 24, 24, 8],
      kinds.map((kind, at) => ({ kind, channels: 16, stride: 1, seed: 4 * (at + 1) })),
    );
    const all = { ...imx95.features, tables: true, pooling: true, decompression: true };
    const namesIn = (kilobytes: number) => {
      const machine = { ...small(kilobytes * 1024), features: all };
      const { phases, reasons } = compileGraph(graph, machine);
      expect([...reasons.keys()].map(({ op }) => op.name)).toEqual(kilobytes > 64 ? [] : ["linear"]);
      return new Set(phases.filter(isSegment).flatMap(({ program }) => program.commands.map(({ kind }) => kind.name)));
    };
    expect(namesIn(96)).toContain("convolve+pool");
    expect(namesIn(8)).not.toContain("convolve+pool");
  });

  test("of layers that no parting makes small enough are left to the processor, all at once", () => {
    const { reasons } = compileGraph(layers, small(1024));
    const ofLayers = [...reasons].filter(([{ op }]) => op.name === "conv2d" || op.name === "linear");
    expect(ofLayers.length).toBeGreaterThan(2);
    for (const [, reason] of ofLayers) expect(reason).toMatch(/no part of it/);
  });
});
