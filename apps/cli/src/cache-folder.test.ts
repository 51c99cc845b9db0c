import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { codesOf, digits, inProcess, namesIn, temporaryFolder } from "./testing.ts";

const folder = temporaryFolder();
const cache = join(folder, "kept/calibrations");

async function quantize(name: string) {
  const words = ["quantize", digits("digits.onnx"), "--data", digits("golden_in.npy"), "-o", join(folder, name)];
  const outcome = await inProcess([...words, "--cache", cache, "--json"]);
  expect(outcome.exitCode).toBe(0);
  return codesOf(outcome);
}

describe("--cache", () => {
  it("makes the folder, and gives the next run the same file of the calibration kept there", async () => {
    expect(await quantize("first.tflite")).not.toContain("quantize.calibration-cached");
    expect(namesIn(cache)).toEqual([expect.stringMatching(/^calibration-[0-9a-f]{64}\.json$/)]);
    expect(await quantize("second.tflite")).toContain("quantize.calibration-cached");
    expect(readFileSync(join(folder, "second.tflite"))).toEqual(readFileSync(join(folder, "first.tflite")));
  });

  it("warns of a damaged file and replaces it", async () => {
    const [name] = namesIn(cache);
    const whole = readFileSync(join(cache, name));
    writeFileSync(join(cache, name), whole.subarray(0, 100));
    expect(await quantize("third.tflite")).toContain("quantize.cache-damaged");
    expect(readFileSync(join(cache, name))).toEqual(whole);
  });

  it("that is no folder is refused before any work", async () => {
    const file = join(folder, "first.tflite");
    const words = [
      "quantize",
      digits("digits.onnx"),
      "--data",
      digits("golden_in.npy"),
      "-o",
      join(folder, "no.tflite"),
    ];
    const outcome = await inProcess([...words, "--cache", file, "--json"]);
    expect([outcome.exitCode, codesOf(outcome)]).toEqual([2, ["output.no-folder"]]);
  });
});
