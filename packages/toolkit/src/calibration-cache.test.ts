import { readFileSync } from "node:fs";
import { nodeOnnxruntime } from "@millrace/devices/node";
import { printGraph } from "@millrace/ir";
import type { Engine } from "@millrace/runtime";
import { describe, expect, test } from "vitest";
import type { CalibrationCache } from "./calibration-cache.ts";
import { datasetFromArrays } from "./data/arrays.ts";
import { load } from "./load.ts";
import { prepare } from "./prepare.ts";
import { type QuantizeRequest, quantize } from "./quantize.ts";

const bytes = new Uint8Array(readFileSync(new URL("../../../examples/digits/digits.onnx", import.meta.url)));
const { graph } = prepare(load({ name: "digits.onnx", bytes }));

function wave(phase: number) {
  const data = Float32Array.from({ length: 2 * 784 }, (_, index) => Math.abs(Math.sin(phase + index * index)));
  return datasetFromArrays({
    inputs: { "*": { shape: [28, 28], data } },
    split: { calibration: "all", test: "none" },
  });
}

const samples = wave(0);

/** A cache in memory, and how often the model has run. */
function setUp() {
  const files = new Map<string, Uint8Array>();
  const runs = { count: 0 };
  const cache: CalibrationCache = {
    read: async (name) => files.get(name),
    write: async (name, content) => void files.set(name, content),
  };
  const engine: Engine = {
    name: "counting",
    async prepare(...words) {
      const prepared = await nodeOnnxruntime().prepare(...words);
      return {
        run(feeds) {
          runs.count++;
          return prepared.run(feeds);
        },
        dispose: () => prepared.dispose(),
      };
    },
  };
  const attempt = async (request: QuantizeRequest, data = samples) => {
    const before = runs.count;
    const result = await quantize(graph, data, engine, { cache, ...request });
    const codes = result.diagnostics.map(({ code }) => code).filter((code) => code.startsWith("quantize.ca"));
    return { text: printGraph(result.graph, { constants: "full" }), codes, runs: runs.count - before };
  };
  return { files, attempt };
}

describe("a cache of calibrations", () => {
  test("spares another scheme the runs and changes nothing else", async () => {
    const [{ attempt }, fresh] = [setUp(), setUp()];
    expect((await attempt({ scheme: "int8" })).runs).toBe(2);
    const cached = await attempt({ scheme: "int16x8" });
    expect([cached.runs, cached.codes]).toEqual([0, ["quantize.calibration-cached"]]);
    expect(cached.text).toBe((await fresh.attempt({ scheme: "int16x8" })).text);
  });

  test("knows the method, the samples and the model apart", async () => {
    const { attempt, files } = setUp();
    await attempt({ calibration: "percentile" });
    const others: readonly (readonly [QuantizeRequest, typeof samples])[] = [
      [{ calibration: "minmax" }, samples],
      [{ calibration: "percentile", percentile: 99 }, samples],
      [{ calibration: "percentile", samples: 1 }, samples],
      [{ calibration: "percentile" }, wave(1)],
    ];
    for (const [request, data] of others) expect((await attempt(request, data)).runs).toBeGreaterThan(0);
    expect(files.size).toBe(5);
  });

  test("that is damaged is replaced with a warning", async () => {
    const { attempt, files } = setUp();
    const request = { calibration: "minmax" } as const;
    const sound = await attempt(request);
    const [[name, whole]] = files;
    const content = JSON.parse(new TextDecoder().decode(whole));
    const [first, ...others] = content.values;
    const damages: readonly unknown[] = [
      { ...content, version: 1 },
      { ...content, inferences: -1 },
      { ...content, extra: 1 },
      { ...content, values: others },
      { ...content, values: [{ ...first, name: "other" }, ...others] },
      { ...content, values: [{ ...first, range: [1, 0] }, ...others] },
      { ...content, values: [{ ...first, range: [0] }, ...others] },
      { ...content, values: [{ ...first, means: [...first.means, 0] }, ...others] },
      { ...content, values: [{ ...first, extremes: [0, "1"] }, ...others] },
      [],
    ];
    const texts = damages.map((damage) => JSON.stringify(damage));
    for (const text of [...texts, "", "{", "\0\0\0"]) {
      files.set(name, new TextEncoder().encode(text));
      const repaired = await attempt(request);
      expect(repaired).toEqual({ ...sound, codes: ["quantize.cache-damaged"] });
      expect(files.get(name)).toEqual(whole);
    }
  });
});
