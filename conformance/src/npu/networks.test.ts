import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Graph } from "@millrace/ir";
import { compileGraph, embedPrograms, isSegment, machines, npuEngine, profileCompilation } from "@millrace/npu";
import { referenceEngine } from "@millrace/runtime";
import { load, prepare, syntheticInputs, write } from "@millrace/toolkit";
import { describe, expect, test } from "vitest";

const folder = fileURLToPath(new URL("../../../../shared/assets/mlperf_tiny_models/", import.meta.url));
const machine = machines.imxrt700;

/** The networks, their files, and what the processor keeps. */
const networks: readonly { readonly name: string; readonly file: string; readonly kept: readonly string[] }[] = [
  { name: "AD", file: "ad01_int8.tflite", kept: [] },
  { name: "KWS", file: "kws_ref_model.tflite", kept: ["softmax"] },
  { name: "IC", file: "pretrainedResnet_quant.tflite", kept: ["softmax"] },
  { name: "VWW", file: "vww_96_int8.tflite", kept: ["softmax"] },
];

function graphOf(file: string): Graph {
  return prepare(load({ name: file, bytes: new Uint8Array(readFileSync(folder + file)) })).graph;
}

const bytesOf = (data: ArrayBufferView) => Buffer.from(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);

describe.skipIf(!existsSync(folder))("networks on an i.MX RT700 (needs ../shared/assets/mlperf_tiny_models)", () => {
  test.each(networks)(
    "$name gives the reference's integers, with $kept left to the processor",
    async ({ file, kept }) => {
      const graph = graphOf(file);
      const { reasons } = compileGraph(graph, machine);
      expect([...reasons.keys()].map(({ op }) => op.name)).toEqual(kept);
      const wanted = [...graph.nodes()].flatMap(({ outputs }) => outputs);
      const feeds = syntheticInputs(graph);
      const expected = await (await referenceEngine().prepare(graph, wanted)).run(feeds);
      for (const options of [{}, { joinRows: true, mapByLine: true }, { weights: "storage" } as const]) {
        const results = await (await npuEngine(machine, options).prepare(graph, wanted)).run(feeds);
        for (const { name } of wanted)
          expect(bytesOf(results.get(name)!.data).equals(bytesOf(expected.get(name)!.data))).toBe(true);
      }
    },
  );

  test.each(networks)("$name computes the same from the written file", async ({ file }) => {
    const graph = graphOf(file);
    const { bytes } = write(embedPrograms(graph, compileGraph(graph, machine)), "tflite");
    const compiled = prepare(load({ name: "compiled.tflite", bytes })).graph;
    expect([...compiled.nodes()].filter(({ op }) => op.name === "npuProgram")).toHaveLength(1);
    const feeds = syntheticInputs(graph);
    const expected = await (await referenceEngine().prepare(graph)).run(feeds);
    const results = await (await npuEngine(machine).prepare(compiled)).run(feeds);
    const [[, y]] = [...expected];
    const [[, ours]] = [...results];
    expect(bytesOf(ours.data).equals(bytesOf(y.data))).toBe(true);
  });

  test.each(networks)("$name is never faster than its bound, and no slower when rows are joined", ({ file }) => {
    const graph = graphOf(file);
    const [plain, tuned] = [{}, { joinRows: true, mapByLine: true }].map((options) =>
      profileCompilation(compileGraph(graph, machine, options)),
    );
    expect(plain.cycles).toBeGreaterThanOrEqual(plain.bounds.cycles);
    expect(tuned.cycles).toBeLessThanOrEqual(plain.cycles);
    expect(tuned.cycles).toBeGreaterThanOrEqual(tuned.bounds.cycles);
  });

  test("what the model for one command says adds up to the simulation, where nothing overlaps", () => {
    const { phases } = compileGraph(graphOf("kws_ref_model.tflite"), machine);
    const [segment] = phases.filter(isSegment);
    const { commands } = segment.program;
    const added = commands.reduce((cycles, { kind, fields }) => {
      const { busy, writeBack, start } = kind.work(fields, machine, machine.modes.sequencer);
      return cycles + busy + writeBack + start;
    }, 0);
    const { activities } = profileCompilation(compileGraph(graphOf("kws_ref_model.tflite"), machine));
    const array = activities.filter(({ unit }) => unit === "npu");
    expect(array.reduce((cycles, { start, end }) => cycles + end - start, 0)).toBeCloseTo(added, 6);
  });
});
