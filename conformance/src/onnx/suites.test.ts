import { describe, expect, it } from "vitest";
import { isShared } from "../golden.ts";
import { type SuiteName, suiteNames } from "./suite.ts";
import { countOutcomes, problemsOf, runSuite, suiteTable } from "./table.ts";

/** Cases that end equal, at least: [imported, written to TFLite]. Raised whenever more do. */
const floors: Readonly<Record<SuiteName, readonly [number, number]>> = {
  node: [1130, 1116],
  simple: [12, 12],
  "pytorch-operator": [22, 22],
  "pytorch-converted": [50, 50],
  light: [6, 6],
  onnx2c: [43, 43],
};

/** The full-size networks of `light` take long in an interpreter that shares its cores. */
const patience = 600_000;
const ways = ["imported", "converted"] as const;

describe.skipIf(!isShared).each(suiteNames)("ONNX cases of the suite %s", (suite) => {
  it("give their stored results or are refused with a reason", { timeout: patience }, async () => {
    const result = await runSuite(suite);
    console.log(suiteTable([result]));
    expect(result.results.length).toBeGreaterThan(0);
    for (const [index, way] of ways.entries()) {
      expect(problemsOf(result, way).filter((line) => !line.startsWith("refused"))).toEqual([]);
      expect(countOutcomes(result.results.map((each) => each[way])).equal).toBeGreaterThanOrEqual(floors[suite][index]);
    }
  });
});
