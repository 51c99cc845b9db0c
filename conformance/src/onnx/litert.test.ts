import { describe, expect, it } from "vitest";
import { isShared } from "../golden.ts";
import { differingIn, liteRtTable, runInLiteRt } from "./litert.ts";
import type { SuiteName } from "./suite.ts";

/** How many cases of a suite are skipped to one that is run, and how many of those LiteRT runs at least. All are run by `npm run conformance -- --litert`. */
const slices: readonly (readonly [suite: SuiteName, step: number, equal: number])[] = [
  ["node", 15, 68],
  ["simple", 1, 12],
  ["pytorch-operator", 3, 8],
  ["pytorch-converted", 5, 10],
  ["onnx2c", 5, 9],
];

describe.skipIf(!isShared)("TFLite files of ONNX's cases in LiteRT.js", () => {
  it.each(slices)("of %s, each %sth, give their stored results", { timeout: 120_000 }, async (suite, step, equal) => {
    const results = await runInLiteRt(suite, step);
    console.log(liteRtTable(suite, results));
    expect(differingIn(results)).toEqual([]);
    expect(results.filter(({ outcome }) => outcome.kind === "equal").length).toBeGreaterThanOrEqual(equal);
  });
});
