import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Report } from "@millrace/toolkit";
import { describe, expect, it } from "vitest";
import { codesOf, digits, inProcess, readJson, temporaryFolder } from "./testing.ts";

const folder = temporaryFolder();
const said = /uniform random numbers from 0 to 1 \(seed 5\) stand in for samples/;

describe("--random-data", () => {
  it("calibrates without samples, and every report says so", async () => {
    const words = ["compile", digits("digits.onnx"), "--target", "tflite", "-o", join(folder, "out")];
    const { exitCode, stdout, stderr } = await inProcess([
      ...words,
      "--random-data",
      "3",
      "--seed",
      "5",
      "--random-range",
      "0,1",
    ]);
    expect(exitCode).toBe(0);
    for (const text of [stdout, stderr, readFileSync(join(folder, "out/report.html"), "utf8")])
      expect(text).toMatch(said);
    const { quantization, diagnostics } = readJson<Report>(join(folder, "out/report.json"));
    expect(quantization).toMatchObject({
      samples: 3,
      random: { seed: 5, distribution: "uniform", minimum: 0, maximum: 1 },
    });
    expect(diagnostics.map(({ code }) => code)).toContain("quantize.random-data");
  });

  it.each([
    ["data.given-twice", ["--data", folder, "--random-data", "3"]],
    ["data.not-given", []],
    ["usage.invalid-argument", ["--random-data", "0"]],
    ["usage.invalid-argument", ["--random-data", "100001"]],
    ["usage.invalid-argument", ["--random-data", "3", "--random-range", "1,1"]],
    ["usage.invalid-argument", ["--random-data", "3", "--random-range", "1"]],
    ["usage.invalid-argument", ["--random-data", "3", "--seed", "-1"]],
  ])("refuses with %s", async (code, words) => {
    const outcome = await inProcess([
      "quantize",
      digits("digits.onnx"),
      "-o",
      join(folder, "no.tflite"),
      "--json",
      ...words,
    ]);
    expect([outcome.exitCode, codesOf(outcome)]).toEqual([2, [code]]);
  });
});
