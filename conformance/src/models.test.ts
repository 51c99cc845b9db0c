import { describe, expect, it } from "vitest";
import { compareRuns, importFile, isShared } from "./golden.ts";
import { readModelGolden, storedModels } from "./models.ts";

/** Models that take longer than the others are run on the first stored input only. */
const slow = /mobilenet/;

describe.skipIf(!isShared)("stored models give TensorFlow's reference results", () => {
  for (const { name, path, skip } of storedModels()) {
    it.skipIf(skip)(skip ? `${name}: ${skip}` : name, async () => {
      const golden = readModelGolden(name);
      const runs = slow.test(name) ? 1 : golden.runs;
      const { elements, differing, first } = await compareRuns(importFile(path), golden, runs);
      expect(elements).toBeGreaterThan(0);
      expect({ differing, first }).toEqual({ differing: 0, first: "" });
    });
  }
});
