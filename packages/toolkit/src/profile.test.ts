import { Graph } from "@millrace/ir";
import { add, clamp } from "@millrace/ops";
import type { Engine } from "@millrace/runtime";
import { referenceEngine } from "@millrace/runtime";
import { describe, expect, it } from "vitest";
import { median, standardDeviation, timeByKind } from "./latency.ts";
import type { LoadedModel } from "./load.ts";
import { profile } from "./profile.ts";

function model(): LoadedModel {
  const graph = new Graph("model");
  const x = graph.addInput("x", { dtype: "f32", shape: ["N", 8] });
  const limits = { minimum: 0, maximum: 6 };
  const [y] = graph.addNode({ op: clamp, inputs: [x], attributes: limits, name: "low", origin: ["Relu6"] }).outputs;
  graph.setOutputs(graph.addNode({ op: add, inputs: [y, x], attributes: { activation: "none" }, name: "sum" }).outputs);
  return {
    name: "model.onnx",
    format: "onnx",
    bytes: 100,
    graph,
    inputNames: graph.inputs.map(({ name }) => name),
    diagnostics: [],
  };
}

/** An engine whose inferences are counted, and which can't time nodes. */
function countingEngine(): { readonly engine: Engine; readonly runs: () => number; readonly disposed: () => boolean } {
  const state = { runs: 0, disposed: false };
  const engine: Engine = {
    name: "counting",
    prepare: async () => ({
      run: async () => {
        state.runs++;
        return new Map();
      },
      dispose: () => {
        state.disposed = true;
      },
    }),
  };
  return { engine, runs: () => state.runs, disposed: () => state.disposed };
}

describe("a profile", () => {
  it("times the inference and each of its operators", async () => {
    const report = await profile(model(), { engine: referenceEngine(), device: "host", runs: 4, warmup: 2 });
    const { latency, memory } = report;
    expect(latency).toMatchObject({ target: "host", engine: "reference", runs: 4, warmup: 2 });
    expect(latency!.basis).toBe("measured on this host");
    for (const ms of [latency!.ms, latency!.meanMs, latency!.firstMs, latency!.warmupMs!])
      expect(ms).toBeGreaterThan(0);
    expect(latency!.perOperator).toMatchObject([
      { id: 0, name: "low", op: "clamp", unit: "cpu", readBytes: 32, writeBytes: 32, origin: ["Relu6"] },
      { id: 1, name: "sum", op: "add", unit: "cpu", readBytes: 64, writeBytes: 32 },
    ]);
    expect(memory!.arenaBytes).toBe(96);
    expect(report.diagnostics.map(({ code }) => code)).toEqual(["shape.dimension-pinned", "profile.synthetic-inputs"]);
  });

  it("leaves out what an engine can't tell, and lets go of the engine", async () => {
    const { engine, runs, disposed } = countingEngine();
    const { latency } = await profile(model(), { engine, device: "host", runs: 5, warmup: 0 });
    expect(latency).not.toHaveProperty("perOperator");
    expect(latency).not.toHaveProperty("warmupMs");
    expect([runs(), disposed()]).toEqual([6, true]);
  });

  it("can be cancelled between runs", async () => {
    const { engine, runs, disposed } = countingEngine();
    const controller = new AbortController();
    const progress = () => controller.abort(new Error("enough"));
    const work = profile(model(), { engine, device: "host", warmup: 3, signal: controller.signal, progress });
    await expect(work).rejects.toThrow("enough");
    expect([runs(), disposed()]).toEqual([1, true]);
  });
});

describe("statistics of times", () => {
  it("are those of a sample", () => {
    expect([median([3, 1, 2]), median([4, 1, 3, 2])]).toEqual([2, 2.5]);
    expect(standardDeviation([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(Math.sqrt(32 / 7));
    expect(standardDeviation([5])).toBe(0);
  });

  it("are summed by kind of operator, the slowest first", () => {
    const operator = { id: 0, name: "", unit: "cpu", macs: 0, readBytes: 0, writeBytes: 0, origin: [] } as const;
    const operators = [
      { ...operator, op: "add", us: 10 },
      { ...operator, op: "conv2d", us: 20 },
      { ...operator, op: "conv2d", us: 50 },
    ];
    expect(timeByKind(operators)).toEqual([
      { op: "conv2d", count: 2, us: 70, share: 0.875 },
      { op: "add", count: 1, us: 10, share: 0.125 },
    ]);
  });
});
