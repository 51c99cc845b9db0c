import { writeNpy } from "@millrace/formats/npy";
import { equalGraphs, parseGraph } from "@millrace/ir";
import { operators } from "@millrace/ops";
import { referenceEngine } from "@millrace/runtime";
import { describe, expect, it } from "vitest";
import { memoryFiles } from "./data/files.ts";
import { noData } from "./data/no-data.ts";
import { openDataset } from "./data/open.ts";
import { quantize } from "./quantize.ts";

const layer = parseGraph(
  `graph layer
input x: f32[1,2]
constant w: f32[2,2] = [1, 2, 3, 4]
y: f32[1,2] = linear(x, w) {activation=none}
output y
`,
  operators,
);
const remembering = parseGraph(
  `graph remembering
input x: f32[1,2]
input before: f32[1,2]
constant w: f32[2,2] = [1, 2, 3, 4]
sum: f32[1,2] = add(x, before) {activation=none}
after: f32[1,2] = linear(sum, w) {activation=relu6}
output after
state before from after
`,
  operators,
);

/** Channel 0 of h is made by large weights and read by small ones, and is 11 at least on the samples. */
const pair = parseGraph(
  `graph pair
input x: f32[1,2]
constant v: f32[2,2] = [2, 1, 1, 1]
constant a: f32[2] = [10, 0]
constant w: f32[2,2] = [0.02, 1, -0.02, 1]
constant b: f32[2] = [0, 0]
h: f32[1,2] = linear(x, v, a) {activation=relu}
y: f32[1,2] = linear(h, w, b) {activation=none}
output y
`,
  operators,
);
const samples = writeNpy({ dtype: "f32", shape: [2, 2], data: Float32Array.of(1, -1, 0.5, 2) });

describe("quantize", () => {
  it.each([
    ["float16", ["quantize.recovery-unused"]],
    ["dynamic", ["quantize.recovery-unused"]],
    ["int8", []],
  ] as const)("tells whether a recovery is of use with the scheme %s", async (scheme, codes) => {
    const data = await openDataset(memoryFiles(new Map([["x.npy", samples]])));
    const { diagnostics } = await quantize(layer, data, referenceEngine(), { scheme, recover: ["equalize"] });
    expect(diagnostics.map(({ code }) => code)).toEqual(codes);
  });

  it.each([
    ["int4", undefined, true],
    ["int4", "nearest", false],
    ["int8", undefined, false],
    ["int8", "compensated", true],
    ["int8", "learned", true],
    ["dynamic-int4", undefined, false],
    ["dynamic-int4", "compensated", true],
    ["dynamic", "compensated", true],
  ] as const)("rounds %s weights, with %s asked for, by what samples show: %s", async (scheme, rounding, expected) => {
    const data = await openDataset(memoryFiles(new Map([["x.npy", samples]])));
    const stages = new Set<string>();
    const progress = (stage: string) => stages.add(stage);
    await quantize(layer, data, referenceEngine(), { scheme, ...(rounding && { rounding }), progress });
    for (const stage of ["observe inputs", "round weights"]) expect(stages.has(stage)).toBe(expected);
  });

  it.each([
    ["compensated rounding", { rounding: "compensated" }],
    ["learned rounding", { rounding: "learned" }],
    ["empirical bias correction", { measuredBiases: true }],
  ] as const)("tells that %s is of no use without samples", async (name, asked) => {
    const data = await openDataset(memoryFiles(new Map([["x.npy", samples]])));
    const { diagnostics } = await quantize(layer, data, referenceEngine(), { scheme: "float16", ...asked });
    expect(diagnostics).toMatchObject([
      { code: "quantize.recovery-unused", message: expect.stringContaining(`${name} had no effect`) },
    ]);
  });

  it("tells that biases can't be measured where a model keeps states, and quantizes as without", async () => {
    const data = await openDataset(memoryFiles(new Map([["x.npy", samples]])));
    const measured = await quantize(remembering, data, referenceEngine(), { measuredBiases: true });
    const plain = await quantize(remembering, data, referenceEngine());
    expect(measured.diagnostics).toMatchObject([{ code: "quantize.biases-unmeasured", severity: "warning" }]);
    expect(plain.diagnostics).toEqual([]);
    expect(equalGraphs(measured.graph, plain.graph)).toBeUndefined();
  });

  it("lets each recovery see what those before it made of the model", async () => {
    const data = await openDataset(memoryFiles(new Map([["x.npy", samples]])));
    const { float, recoveries } = await quantize(pair, data, referenceEngine(), { recover: ["absorb", "equalize"] });
    expect(recoveries).toMatchObject([
      { pass: "equalize-channels", changes: 1, decisions: [] },
      { pass: "absorb-biases", changes: 1, decisions: [{ message: expect.stringMatching(/^[12] of 2 channels/) }] },
    ]);
    const [source, changed] = await Promise.all([pair, float].map((graph) => referenceEngine().prepare(graph)));
    for (const x of [Float32Array.of(1, -1), Float32Array.of(0.5, 2)]) {
      const feeds = new Map([["x", { dtype: "f32" as const, shape: [1, 2], data: x }]]);
      const [expected, actual] = [await source.run(feeds), await changed.run(feeds)].map((run) => run.get("y")!.data);
      for (const [at, number] of (actual as Float32Array).entries())
        expect(number).toBeCloseTo(Number(expected[at]), 4);
    }
    const [bias] = [...float.nodes()][0].inputs[2]!.constant!.data as Float32Array;
    expect(Math.abs(bias)).toBeLessThan(1);
  });
});

describe("quantizing like a given graph", () => {
  const given = async () => {
    const data = await openDataset(memoryFiles(new Map([["x.npy", samples]])));
    return { data, like: (await quantize(layer, data, referenceEngine())).graph };
  };

  it("needs no samples, and tells what only samples could do", async () => {
    const { like } = await given();
    const asked = { like, rounding: "compensated", measuredBiases: true } as const;
    const { graph, diagnostics } = await quantize(layer, noData, referenceEngine(), asked);
    expect(diagnostics).toMatchObject([
      { code: "quantize.recovery-unused", message: expect.stringMatching(/^compensated rounding and empirical/) },
      { code: "quantize.biases-uncorrected", severity: "info" },
    ]);
    expect(graph.outputs[0].type).toEqual(like.outputs[0].type);
  });

  it("keeps its parameters where there are samples, and tells that these are far outside of its range", async () => {
    const { like } = await given();
    const far = writeNpy({ dtype: "f32", shape: [2, 2], data: Float32Array.of(100, -100, 50, 200) });
    const data = await openDataset(memoryFiles(new Map([["x.npy", far]])));
    const { graph, diagnostics, samples: count } = await quantize(layer, data, referenceEngine(), { like });
    expect(count).toBe(2);
    expect(diagnostics.map(({ code }) => code)).toEqual(["quantize.input-range-differs"]);
    expect(graph.outputs[0].type).toEqual(like.outputs[0].type);
  });

  it("refuses changes of the float graph, for which the parameters are not", async () => {
    const { like, data } = await given();
    const refused = quantize(layer, data, referenceEngine(), { like, recover: ["equalize"] });
    await expect(refused).rejects.toMatchObject({ diagnostics: [{ code: "quantize.recovery-with-like" }] });
  });
});
