import { readTflite } from "@millrace/formats/tflite";
import { importTflite } from "@millrace/frontends/tflite";
import type { Tensor, Value } from "@millrace/ir";
import { referenceEngine } from "@millrace/runtime";
import { describe, expect, it } from "vitest";
import { readArchive } from "./archive.ts";
import { compareRuns, isShared, pathOf, readIndex } from "./golden.ts";

const stem = "assets/conformance/tflm_seanet";
const files = isShared ? readArchive(pathOf(`${stem}.tar.gz`)) : new Map<string, Uint8Array>();
const cases = readIndex(`${stem}_index.csv`).map(([folder, name]) => `${folder}/${name}`);

/** One run of a value whose numbers a case stores as text. */
function readNumbers(stem: string, { type }: Value): Tensor {
  const wide = type.dtype === "i32";
  const numbers = new TextDecoder().decode(files.get(`${stem}_int${wide ? 32 : 16}.csv`)).split(",");
  const data = wide ? Int32Array.from(numbers, Number) : Int16Array.from(numbers, Number);
  return { dtype: type.dtype, shape: [1, ...(type.shape as number[])], data };
}

describe.skipIf(!isShared)("every layer of TFLite Micro's 16-bit SEANet gives its integers", () => {
  it("has all its cases", () => expect(cases).toHaveLength(89));

  it.each(cases)("%s", async (name) => {
    const { graph } = importTflite(readTflite(files.get(`${name}.tflite`)!));
    const inputs = graph.inputs.map((value, index) => readNumbers(`${name}_input${index}`, value));
    const golden = { inputs, outputs: [readNumbers(`${name}_golden`, graph.outputs[0])], runs: 1 };
    const { elements, differing, first } = await compareRuns(graph, golden, 1, referenceEngine({ flavor: "tflm" }));
    expect(elements).toBeGreaterThan(0);
    expect({ differing, first }).toEqual({ differing: 0, first: "" });
  });
});
