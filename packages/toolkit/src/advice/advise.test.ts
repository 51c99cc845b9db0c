import { writeNpy } from "@millrace/formats/npy";
import { channelsLast, cleanUp, runPasses } from "@millrace/passes";
import { quantizeGraph } from "@millrace/quantize";
import { referenceEngine } from "@millrace/runtime";
import { beforeAll, describe, expect, it } from "vitest";
import { numberStream } from "../../../passes/src/testing.ts";
import { NetworkBuilder } from "../../../passes/src/testing-graphs.ts";
import type { Dataset } from "../data/dataset.ts";
import { memoryFiles } from "../data/files.ts";
import { openDataset } from "../data/open.ts";
import { quantize } from "../quantize.ts";
import { type AdviceOptions, advise } from "./advise.ts";
import { parseRecipe, recipeOf } from "./recipe.ts";

function network() {
  const n = new NetworkBuilder();
  const x = n.relu(n.conv(n.input("x", [1, 3, 8, 8]), 8, 3, { padding: 1 }));
  const y = n.relu(n.conv(x, 8, 3, { padding: 1 }));
  const graph = n.finish(n.linear(n.reshape(n.averagePool(n.conv(y, 8, 1), 8), [1, 8]), 5));
  runPasses(graph, [...cleanUp, ...channelsLast([])]);
  return graph;
}

const graph = network();
const next = numberStream(3);
const numbers = Float32Array.from({ length: 12 * 8 * 8 * 3 }, next);
const samples = writeNpy({ dtype: "f32", shape: [12, 8, 8, 3], data: numbers });
let data: Dataset;

beforeAll(async () => {
  data = await openDataset(memoryFiles(new Map([["x.npy", samples]])));
});

/** What is found within a drop of the cosine, of which all samples are judges. */
function adviceFor(accuracyDrop: number, request: Partial<AdviceOptions> = {}) {
  const engine = referenceEngine();
  return advise(graph, data, { floatEngine: engine, integerEngine: engine, accuracyDrop, ...request });
}

describe("advice", () => {
  it("takes what was asked for where that keeps to the bound", async () => {
    const { attempts, chosen, samples: judges, heldOut, float } = await adviceFor(50);
    expect(attempts.map(({ setting }) => setting)).toEqual(["as asked for"]);
    expect(chosen).toBe(attempts[0]);
    expect({ judges, heldOut }).toEqual({ judges: 12, heldOut: false });
    expect(float).toBeCloseTo(1, 6);
  });

  it("gives more bits to no more layers than the bound needs, and its recipe gives the same integers", async () => {
    const free = await adviceFor(0);
    const all = free.attempts.find(({ setting }) => setting.includes("layers with more bits"))!;
    const bound = Math.max(all.drop * 1.5, free.attempts[0].drop / 4);
    const { attempts, chosen, request } = await adviceFor(bound);
    expect(chosen.meets).toBe(true);
    expect(chosen.drop).toBeLessThanOrEqual(bound);
    expect(chosen.setting).toMatch(/layers? with more bits/);
    const fewer = attempts.filter(({ meets, setting }) => !meets && setting.includes("more bits"));
    expect(fewer.every(({ drop }) => drop > bound)).toBe(true);
    const wide = request.layers!.flatMap(({ nodes = [] }) => nodes);
    expect(wide.length).toBeLessThan(graph.size);
    const engine = referenceEngine();
    const first = await quantize(graph, data, engine, request);
    const again = await quantize(graph, data, engine, parseRecipe(JSON.parse(JSON.stringify(recipeOf(request)))));
    expect(again.layers).toEqual(first.layers);
    expect(quantizeGraph(first.float, first.calibration, request).layers.map(({ dtype }) => dtype)).toContain("i16");
  });

  it("says that nothing keeps to the bound, and takes what loses least", async () => {
    const { attempts, chosen } = await adviceFor(0);
    expect(chosen.meets).toBe(false);
    expect(chosen.drop).toBe(Math.min(...attempts.map(({ drop }) => drop)));
  });

  it("asks for a metric with a scale", async () => {
    const unscaled: Dataset = { ...data, metric: "mse" };
    const engine = referenceEngine();
    const options = { floatEngine: engine, integerEngine: engine, accuracyDrop: 1 };
    await expect(advise(graph, unscaled, options)).rejects.toMatchObject({
      diagnostics: [{ code: "advice.no-measure" }],
    });
  });
});

describe("a recipe", () => {
  it.each([
    [[1], "the document"],
    [{ schema: "int8" }, "scheme"],
    [{ scheme: "int7" }, "scheme"],
    [{ percentile: 0 }, "percentile"],
    [{ layers: [{ nodes: ["a"] }] }, "layers[0]"],
    [{ layers: [{ nodes: "a", scheme: "int8" }] }, "layers[0].nodes"],
    [{ recover: ["magic"] }, "recover[0]"],
    [{ samples: 0.5, symmetric: 1 }, "symmetric"],
  ])("%j is refused by the name of what is wrong", (json, place) => {
    expect(() => parseRecipe(json)).toThrow(place);
  });
});
