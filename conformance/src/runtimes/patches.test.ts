import { existsSync, readFileSync } from "node:fs";
import { createLiteRt, createTfjsTflite, type TfliteRuntime } from "@millrace/devices/node";
import { bytesOf, type Tensor } from "@millrace/ir";
import { referenceEngine } from "@millrace/runtime";
import { convert, load, memoryOf, prepare, syntheticInputs } from "@millrace/toolkit";
import { describe, expect, test } from "vitest";
import { pathOf } from "../golden.ts";

const path = pathOf("assets/mlperf_tiny_models/vww_96_int8.tflite");
const name = "vww_96_int8.tflite";
const memoryBytes = 46_000;

async function resultsOf(runtime: TfliteRuntime, file: Uint8Array, feeds: readonly Tensor[]): Promise<Uint8Array[]> {
  const runner = await runtime.load(file);
  const results = await runner.run(feeds.map(bytesOf));
  runner.dispose();
  return results.map((result) => new Uint8Array(result));
}

describe.skipIf(!existsSync(path))("a file whose layers are computed in patches (needs ../shared/assets)", () => {
  const bytes = existsSync(path) ? new Uint8Array(readFileSync(path)) : new Uint8Array();
  const whole = () => convert({ name, bytes }, { to: "tflite" });
  const patched = () => convert({ name, bytes }, { to: "tflite", memoryBytes });

  test("needs less memory, and gives the reference engine's integers of the whole file", async () => {
    const { written, diagnostics, formerPeakBytes, bytes: file } = patched();
    expect(diagnostics.map(({ code }) => code)).toEqual(["shape.dimension-pinned", "memory.patches"]);
    expect(formerPeakBytes).toBe(55_296);
    expect((await memoryOf(written!))!.arenaBytes).toBeLessThanOrEqual(memoryBytes);
    const graphs = [file, whole().bytes].map((each) => prepare(load({ name, bytes: each })).graph);
    const feeds = syntheticInputs(graphs[0]);
    const [ours, wanted] = await Promise.all(
      graphs.map(async (graph) => [...(await (await referenceEngine().prepare(graph)).run(feeds)).values()]),
    );
    expect(ours).toEqual(wanted);
  });

  test.each([
    ["LiteRT.js", createLiteRt],
    ["tfjs-tflite", createTfjsTflite],
  ])("gives in %s what the whole file does", async (_, create) => {
    const runtime = await create();
    const feeds = [...syntheticInputs(prepare(load({ name, bytes })).graph).values()];
    const expected = await resultsOf(runtime, whole().bytes, feeds);
    expect(await resultsOf(runtime, patched().bytes, feeds)).toEqual(expected);
  });
});
