import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bytesOf, Graph } from "@millrace/ir";
import { log } from "@millrace/ops";
import { type Diagnostic, load, npyOf, write } from "@millrace/toolkit";
import { describe, expect, it } from "vitest";
import { digits, inProcess, namesIn, temporaryFolder } from "./testing.ts";

const folder = temporaryFolder();
const model = digits("digits.onnx");
const size = 28 * 28;

interface Data {
  readonly samples?: Float32Array;
  readonly shape?: readonly number[];
  readonly labels?: readonly number[];
  readonly split?: object;
}

/** Six samples that differ. */
function waves(): Float32Array {
  return Float32Array.from({ length: 6 * size }, (_, index) => Math.abs(Math.sin(index * index)));
}

function wavesWith(index: number, number: number): Float32Array {
  const samples = waves();
  samples[index] = number;
  return samples;
}

function writeData(name: string, { samples = waves(), shape = [6, 1, 28, 28], labels, split }: Data): string {
  const path = join(folder, name);
  mkdirSync(path);
  writeFileSync(join(path, "x.npy"), npyOf({ dtype: "f32", shape: [...shape], data: samples }));
  if (labels)
    writeFileSync(join(path, "y.npy"), npyOf({ dtype: "i32", shape: [labels.length], data: Int32Array.from(labels) }));
  const described = {
    inputs: { "*": { file: "x.npy" } },
    ...(labels && { labels: { file: "y.npy" } }),
    split: split ?? { calibration: "all", test: "all" },
  };
  writeFileSync(join(path, "dataset.json"), JSON.stringify(described));
  return path;
}

async function quantize(file: string, data: string, words: readonly string[] = []) {
  const before = namesIn(folder);
  const output = join(folder, "out.tflite");
  const outcome = await inProcess(["quantize", file, "--data", data, "-o", output, "--json", ...words]);
  expect(namesIn(folder)).toEqual(before);
  expect(outcome.exitCode).toBe(2);
  const [first] = (JSON.parse(outcome.stdout) as { diagnostics: readonly Diagnostic[] }).diagnostics;
  expect(first.hint).toMatch(/\S/);
  return first;
}

describe("samples that can't be calibrated with", () => {
  it.each<[name: string, data: Data, code: string, words: RegExp]>([
    [
      "a gap",
      { samples: wavesWith(2 * size + 5, Number.NaN) },
      "data.not-finite",
      /^Element 5 of sample 2 \(x\.npy\) is NaN$/,
    ],
    [
      "an infinity",
      { samples: wavesWith(0, Number.NEGATIVE_INFINITY) },
      "data.not-finite",
      /sample 0 \(x\.npy\) is -Infinity/,
    ],
    ["no sample", { samples: new Float32Array(0), shape: [0, 1, 28, 28] }, "data.bad-array", /^x\.npy .* no samples/],
    ["a split without any", { split: { calibration: "none" } }, "quantize.no-calibration-data", /no samples/],
    [
      "one constant sample",
      { samples: new Float32Array(size).fill(0.5), shape: [1, 1, 28, 28] },
      "quantize.constant-input",
      /input is 0\.5 everywhere on sample 0 \(x\.npy\)/,
    ],
    ["another shape", { shape: [6, 14, 56] }, "data.shape-mismatch", /takes \[1, 28, 28, 1\] .* x\.npy is \[14, 56\]/],
  ])("such as %s are named", async (name, data, code, words) => {
    const found = await quantize(model, writeData(name.replaceAll(" ", "-"), data));
    expect(found.code).toBe(code);
    expect(found.message).toMatch(words);
  });

  it("such as one whose results are not finite are named", async () => {
    const graph = new Graph("logarithm");
    const x = graph.addInput("x", { dtype: "f32", shape: [1, 1, 28, 28] });
    graph.setOutputs(graph.addNode({ op: log, inputs: [x], attributes: {}, outputNames: ["y"] }).outputs);
    const file = join(folder, "logarithm.onnx");
    writeFileSync(file, write(graph, "onnx").bytes);
    const samples = waves()
      .fill(1, 0, 1)
      .fill(0, 3 * size + 300, 3 * size + 301);
    const { code, message } = await quantize(file, writeData("logarithm", { samples }));
    expect(code).toBe("quantize.not-finite");
    expect(message).toMatch(/^value y\S* holds -Infinity, first on sample 3 \(x\.npy\)/);
  });

  it("such as text in an array are named by their file", async () => {
    const data = join(folder, "text");
    mkdirSync(data);
    const header = "{'descr': '<U3', 'fortran_order': False, 'shape': (6,), }".padEnd(117);
    writeFileSync(join(data, "x.npy"), `\x93NUMPY\x01\x00\x76\x00${header}\n${"\0".repeat(72)}`, "latin1");
    const found = await quantize(model, data);
    expect(found.code).toMatch(/^(data|npy)\./);
    expect(found.message).toContain("x.npy");
  });
});

describe("samples that are not normalized", () => {
  it("are warned of, with the input's name", async () => {
    const data = writeData("bytes", { samples: waves().map((number) => Math.round(255 * number)) });
    const words = [
      "quantize",
      model,
      "--data",
      data,
      "-o",
      join(folder, "bytes/out.tflite"),
      "--calibration",
      "minmax",
    ];
    const { exitCode, stdout } = await inProcess([...words, "--json"]);
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: readonly Diagnostic[] };
    expect(exitCode).toBe(0);
    expect(diagnostics.find(({ code }) => code === "quantize.input-not-normalized")?.message).toMatch(/^input input /);
  });
});

describe("labels out of range", () => {
  it.each([10, -1])("such as %d are named before anything is computed", async (label) => {
    const data = writeData(`label${label}`, { labels: [0, 1, 2, label, 4, label] });
    const { code, message } = await quantize(model, data, ["--report", join(folder, "report")]);
    expect(code).toBe("data.label-range");
    expect(message).toMatch(
      new RegExp(`label of sample 3 \\(x\\.npy\\) is ${label} by y\\.npy, .* 10 classes, and so are those of 1 more`),
    );
  });
});

describe("weights that are not finite", () => {
  it("are named with their layer and the model's file", async () => {
    const bytes = new Uint8Array(readFileSync(model));
    const { graph } = load({ name: "digits.onnx", bytes });
    const [layer] = [...graph.nodes()].filter(({ op }) => op.name === "conv2d");
    const first = Buffer.from(bytesOf(layer.inputs[1]!.constant!)).subarray(0, 16);
    new DataView(bytes.buffer).setUint32(Buffer.from(bytes).indexOf(first) + 4, 0x7fc00000, true);
    const damaged = join(folder, "damaged.onnx");
    writeFileSync(damaged, bytes);
    const found = await quantize(damaged, writeData("sound", {}));
    expect(found.code).toBe("quantize.weights-not-finite");
    expect(found.message).toContain(layer.origin[0]);
    expect(found.message).toContain("damaged.onnx");
    expect(found.message).toMatch(/have NaN at element \d+ of/);
  });
});
