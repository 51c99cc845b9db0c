import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { npyOf, readNpy } from "@millrace/toolkit";
import { beforeAll, describe, expect, it } from "vitest";
import { codesOf, digits, inProcess, millrace, namesIn, temporaryFolder } from "./testing.ts";

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const model = digits("digits.onnx");
const present = [
  "data.npy",
  "digits.onnx",
  "linked",
  "noise.onnx",
  "noise.tflite",
  "renamed.tflite",
  "short.onnx",
  "short.tflite",
];

beforeAll(() => {
  const noise = Uint8Array.from({ length: 5000 }, (_, index) => (index * index * 31 + index) % 251);
  writeFileSync(at("noise.onnx"), noise);
  writeFileSync(at("noise.tflite"), noise);
  writeFileSync(at("short.onnx"), readFileSync(model).subarray(0, 70_000));
  writeFileSync(at("short.tflite"), readFileSync(digits("digits_float.tflite")).subarray(0, 70_000));
  copyFileSync(model, at("renamed.tflite"));
  copyFileSync(model, at("digits.onnx"));
  writeFileSync(at("data.npy"), npyOf({ dtype: "f32", shape: [2, 1, 28, 28], data: new Float32Array(2 * 784) }));
  mkdirSync(at("linked"));
  writeFileSync(at("linked/outside.onnx"), modelWithWeightsIn("weights.bin"));
  symlinkSync(model, at("linked/weights.bin"));
  symlinkSync("/dev/zero", at("linked/endless.bin"));
  writeFileSync(at("linked/device.onnx"), modelWithWeightsIn("endless.bin"));
  writeFileSync(at("linked/absolute.onnx"), modelWithWeightsIn("/dev/zero"));
  writeFileSync(at("linked/above.onnx"), modelWithWeightsIn("../data.npy"));
});

/** An ONNX file of y = x + w, where the four floats of w stand in another file. */
function modelWithWeightsIn(location: string): Uint8Array {
  const field = (number: number, content: readonly number[] | string) => {
    const bytes = typeof content === "string" ? [...new TextEncoder().encode(content)] : content;
    return [number * 8 + 2, bytes.length, ...bytes];
  };
  const shape = field(2, field(1, [8, 4]));
  const valueInfo = (name: string) => [...field(1, name), ...field(2, field(1, [8, 1, ...shape]))];
  const entry = [...field(1, "location"), ...field(2, location)];
  const weights = [8, 4, 16, 1, ...field(8, "w"), ...field(13, entry), 112, 1];
  const node = [...field(1, "x"), ...field(1, "w"), ...field(2, "y"), ...field(4, "Add")];
  const graph = [
    ...field(1, node),
    ...field(2, "g"),
    ...field(5, weights),
    ...field(11, valueInfo("x")),
    ...field(12, valueInfo("y")),
  ];
  return Uint8Array.from([8, 8, ...field(7, graph), ...field(8, [16, 17])]);
}

const refusals: readonly (readonly [code: string | RegExp, words: readonly string[]])[] = [
  ["usage.unknown-command", ["transmogrify"]],
  ["usage.unknown-option", ["convert", model, "-o", at("out.tflite"), "--quick"]],
  ["usage.missing-argument", ["inspect"]],
  ["convert.opset", ["convert", model, "-o", at("out.tflite"), "--opset", "17"]],
  ["onnx.opset", ["convert", model, "-o", at("out.onnx"), "--opset", "16"]],
  ["usage.missing-mandatory-option-value", ["convert", model]],
  ["usage.invalid-argument", ["convert", model, "-o", at("out.tflite"), "--shape", "input=1,x"]],
  ["file.missing", ["inspect", at("absent.onnx")]],
  ["file.unreadable", ["inspect", folder]],
  ["convert.unknown-target", ["convert", model, "-o", at("out.bin")]],
  ["model.wrong-ending", ["convert", at("renamed.tflite"), "-o", at("out.tflite")]],
  [/./, ["convert", at("short.onnx"), "-o", at("out.tflite")]],
  [/./, ["convert", at("short.tflite"), "-o", at("out.onnx")]],
  [/./, ["convert", at("noise.onnx"), "-o", at("out.tflite")]],
  [/./, ["convert", at("noise.tflite"), "-o", at("out.onnx")]],
  ["output.is-input", ["convert", at("digits.onnx"), "-o", at("digits.onnx")]],
  ["output.no-folder", ["convert", model, "-o", at("data.npy/out.tflite")]],
  ["output.no-folder", ["compile", model, "--target", "tflite", "--data", folder, "-o", at("data.npy/out")]],
  ["data.not-given", ["quantize", model, "-o", at("out.tflite")]],
  ["data.missing-file", ["quantize", model, "--data", at("absent"), "-o", at("out.tflite")]],
  ...[
    ["--scheme", "int3"],
    ["--percentile", "101"],
    ["--layer", "Conv_1=int3"],
    ["--layer", "=int8"],
  ].map(
    (wrong) =>
      ["usage.invalid-argument", ["quantize", model, "--data", folder, "-o", at("out.tflite"), ...wrong]] as const,
  ),
  ["run.input-mismatch", ["run", model, "--input", `input=${at("data.npy")}`, "-o", at("out.npy")]],
  ["npy.not-npy", ["run", model, "--input", `input=${at("noise.onnx")}`, "-o", at("out.npy")]],
  ["file.outside-folder", ["convert", at("linked/outside.onnx"), "-o", at("out.tflite")]],
  [/^file\./, ["convert", at("linked/device.onnx"), "-o", at("out.tflite")]],
  ["onnx.external-data-escape", ["convert", at("linked/absolute.onnx"), "-o", at("out.tflite")]],
  ["onnx.external-data-escape", ["convert", at("linked/above.onnx"), "-o", at("out.tflite")]],
];

describe("a request that can't be carried out", () => {
  it.each(refusals)("raises %s and leaves nothing behind", async (code, words) => {
    const outcome = await inProcess([...words, "--json"]);
    expect(outcome.exitCode).toBe(2);
    expect(codesOf(outcome)[0]).toMatch(code);
    expect(outcome.stderr).toMatch(/^error [a-z0-9]+\.[a-z0-9.-]+ {2}\S/);
    expect(outcome.stderr).not.toMatch(/\n\s+at /);
    expect(namesIn(folder)).toEqual(present);
  });
});

describe("the process", () => {
  it.concurrent.each([
    ["an unknown command", ["transmogrify"]],
    ["a truncated model", ["inspect", at("short.tflite")]],
    [
      "an external file that is a link out of the folder",
      ["convert", at("linked/outside.onnx"), "-o", at("out.tflite")],
    ],
  ])("exits 2 with a diagnostic and no stack trace for %s", async (_, words) => {
    const { exitCode, stdout, stderr } = await millrace(words);
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^error [a-z0-9]+\.[a-z0-9.-]+ {2}\S/);
    expect(stderr).toMatch(/\n {2}hint: \S/);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});

describe("external data", () => {
  it("is read from the model's own folder", async () => {
    mkdirSync(at("linked/inside"));
    writeFileSync(at("linked/inside/model.onnx"), modelWithWeightsIn("weights.bin"));
    writeFileSync(at("linked/inside/weights.bin"), new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer));
    writeFileSync(at("linked/x.npy"), npyOf({ dtype: "f32", shape: [4], data: Float32Array.of(10, 20, 30, 40) }));
    const { exitCode } = await inProcess([
      "run",
      at("linked/inside/model.onnx"),
      "--input",
      `x=${at("linked/x.npy")}`,
      "-o",
      at("linked/y.npy"),
    ]);
    expect(exitCode).toBe(0);
    expect(readNpy(readFileSync(at("linked/y.npy"))).data).toEqual(Float32Array.of(11, 22, 33, 44));
  });
});

describe("an interrupted command", () => {
  it("leaves nothing behind", async () => {
    const data = at("linked/many.npy");
    const numbers = Float32Array.from({ length: 12_000 * 784 }, (_, index) => (index % 251) / 251);
    writeFileSync(data, npyOf({ dtype: "f32", shape: [12_000, 1, 28, 28], data: numbers }));
    const words = ["compile", model, "--target", "tflite", "--data", data, "-o", at("linked/out")];
    const { exitCode, stdout } = await millrace(words, { interruptAfter: 1500 });
    expect([130, "SIGINT"]).toContain(exitCode);
    expect(stdout).toBe("");
    expect(namesIn(at("linked"))).not.toContain("out");
  });
});
