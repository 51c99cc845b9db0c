import { readdirSync } from "node:fs";
import type { Tensor } from "@millrace/ir";
import { describe, expect, it } from "vitest";
import { compareRuns, importFile, isShared, pathOf, readGolden } from "./golden.ts";

const folder = "fixtures/peers";
const names = isShared ? readdirSync(pathOf(folder)) : [];
const cases = names
  .filter((name) => name.endsWith(".tflite") && names.includes(name.replace(".tflite", ".out0.npy")))
  .map((name) => name.replace(".tflite", ""));

/** The stored arrays have the run in the place of the batch of one. */
function withBatch({ dtype, shape: [runs, ...rest], data }: Tensor): Tensor {
  return { dtype, shape: [runs, 1, ...rest], data };
}

describe.skipIf(!isShared)("models as TensorFlow's converter quantizes them give its reference results", () => {
  it("has weights in 8 bits only and in half precision among them", () => {
    expect(cases.filter((name) => /dynrange|float16/.test(name)).length).toBeGreaterThanOrEqual(4);
  });

  it.each(cases)("%s", async (name) => {
    const { inputs, outputs, runs } = readGolden(`${folder}/${name}`);
    const golden = { inputs: inputs.map(withBatch), outputs: outputs.map(withBatch), runs };
    const { elements, differing, first } = await compareRuns(importFile(`${folder}/${name}.tflite`), golden);
    expect(elements).toBeGreaterThan(0);
    expect({ differing, first }).toEqual({ differing: 0, first: "" });
  });
});
