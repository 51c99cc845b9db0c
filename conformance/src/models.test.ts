import { referenceEngine, wasmEngine } from "@millrace/runtime";
import { describe, expect, it } from "vitest";
import { compareRuns, importFile, isShared } from "./golden.ts";
import { readModelGolden, storedModels } from "./models.ts";

/** Models that take the reference engine longer than the others are run on the first stored input only. */
const slow = /mobilenet/;

for (const engine of [referenceEngine(), wasmEngine()]) {
  describe.skipIf(!isShared)(`stored models give TensorFlow's reference results: ${engine.name}`, () => {
    for (const { name, path, skip } of storedModels()) {
      it.skipIf(skip)(skip ? `${name}: ${skip}` : name, async () => {
        const golden = readModelGolden(name);
        const runs = engine.name === "reference" && slow.test(name) ? 1 : golden.runs;
        const { elements, differing, first } = await compareRuns(importFile(path), golden, runs, engine);
        expect(elements).toBeGreaterThan(0);
        expect({ differing, first }).toEqual({ differing: 0, first: "" });
      });
    }
  });
}
