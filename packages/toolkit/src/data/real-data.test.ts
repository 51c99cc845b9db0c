import { readdir, readFile } from "node:fs/promises";
import { readNpy } from "@millrace/formats/npy";
import { tensorOf } from "@millrace/ir";
import { describe, expect, it } from "vitest";
import type { Dataset } from "./dataset.ts";
import type { Files } from "./files.ts";
import type { ModelInput } from "./fit.ts";
import { areaUnderCurve } from "./measures.ts";
import { metrics } from "./metrics.ts";
import { openDataset } from "./open.ts";
import { hasShared, shared } from "./test-data.ts";

function folder(path: string): Files {
  const root = new URL(path, shared);
  return { read: (name) => readFile(new URL(name, root)), list: () => readdir(root) };
}

async function array(path: string) {
  return readNpy(new Uint8Array(await readFile(new URL(path, shared))));
}

async function feed(dataset: Dataset, sample: number, input: ModelInput): Promise<Float32Array> {
  const [inference] = await dataset.feeds(sample, [input]);
  return inference.get(input.name)!.data as Float32Array;
}

function greatestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let greatest = 0;
  for (let index = 0; index < a.length; index++) greatest = Math.max(greatest, Math.abs(a[index] - b[index]));
  return greatest;
}

describe.skipIf(!hasShared)("the real datasets (skipped without the shared folder)", () => {
  it.each([
    ["datasets/fashion_mnist", 2003, 10, 201, [1, 28, 28, 1]],
    ["datasets/mnist", 2000, 10, 200, [1, 1, 28, 28]],
    ["datasets/mlperf_ad01", 166, 2, 24, [1, 640]],
    ["datasets/mlperf_ic01", 138, 10, 35, [1, 3, 32, 32]],
    ["datasets/mlperf_kws01", 671, 12, 96, [1, 1, 49, 10]],
    ["datasets/mlperf_vww01", 668, 2, 96, [1, 96, 96, 3]],
    ["images/imagenet224", 167, 167, 34, [1, 3, 224, 224]],
  ])("opens %s", async (path, count, classes, calibration, shape) => {
    const dataset = await openDataset(folder(`assets/${path}/`));
    expect([dataset.count, dataset.labels?.length, new Set(dataset.labels).size]).toEqual([count, count, classes]);
    expect(dataset.split.calibration).toHaveLength(calibration);
    expect(dataset.split.test).toHaveLength(path.endsWith("ic01") ? count : count - calibration);
    const inferences = await dataset.feeds(count - 1, [{ name: "any", shape, dtype: "f32" }]);
    expect(inferences).toHaveLength(path.endsWith("ad01") ? 196 : 1);
    for (const inference of inferences) expect(inference.get("any")?.shape).toEqual(shape);
  });

  it("finds the keyword inputs of the golden, with their labels", async () => {
    const dataset = await openDataset(folder("assets/datasets/mlperf_kws01/"));
    const golden = await array("fixtures/mlperf/kws_dscnn/x8_nhwc.npy");
    const labels = await array("fixtures/mlperf/kws_dscnn/label8.npy");
    const input = { name: "input", shape: [1, 49, 10, 1], dtype: "f32" } as const;
    const samples = await Promise.all(Array.from({ length: dataset.count }, (_, index) => feed(dataset, index, input)));
    for (let row = 0; row < 8; row++) {
      const wanted = (golden.data as Float32Array).subarray(row * 490, (row + 1) * 490);
      const found = samples.findIndex((sample) => greatestDifference(sample, wanted) < 1e-4);
      expect(found).toBeGreaterThanOrEqual(0);
      expect(dataset.labels?.[found]).toBe(Number(labels.data[row]));
    }
  });

  it.each([
    ["mlperf_kws01", "kws_ref_model.out_all", 0.902],
    ["mlperf_ic01", "pretrainedResnet_quant.out_all", 0.87],
    ["mlperf_vww01", "vww_96_int8.out_all", 0.852],
  ])("gives the known accuracy of a model's outputs over %s", async (name, file, accuracy) => {
    const dataset = await openDataset(folder(`assets/datasets/${name}/`));
    const outputs = await array(`fixtures/models/mlperf_all_samples/${file}.npy`);
    const classes = outputs.shape[1];
    const metric = metrics[dataset.metric].create();
    for (let sample = 0; sample < dataset.count; sample++) {
      const scores = Float32Array.from((outputs.data as Int8Array).subarray(sample * classes, (sample + 1) * classes));
      const output = tensorOf("f32", [1, classes], scores);
      metric.add({ label: dataset.labels?.[sample], inputs: [new Map()], outputs: [new Map([["y", output]])] });
    }
    expect(metric.result().value).toBeCloseTo(accuracy, 3);
  });

  it("gives the known area of a model's reconstruction errors", async () => {
    const dataset = await openDataset(folder("assets/datasets/mlperf_ad01/"));
    const errors = await array("fixtures/models/mlperf_all_samples/ad01_int8.mse_all_files.npy");
    const anomalies = Array.from(dataset.labels!, (label) => label === 1);
    expect(areaUnderCurve([...(errors.data as Float32Array)], anomalies)).toBeCloseTo(0.896, 3);
  });

  it("slides windows of 5 frames over the sounds of machines", async () => {
    const dataset = await openDataset(folder("assets/datasets/mlperf_ad01/"));
    const windows = await dataset.feeds(3, [{ name: "input", shape: [1, 640], dtype: "f32" }]);
    const [first, second] = windows.map((window) => window.get("input")!.data as Float32Array);
    expect(second.subarray(0, 512)).toEqual(first.subarray(128));
  });

  it("decodes the photographs of the golden, in either layout", async () => {
    const dataset = await openDataset(folder("assets/images/imagenet224/"));
    const golden = await array("fixtures/mobilenetv2/x4_uint8_nhwc.npy");
    const labels = await array("fixtures/mobilenetv2/label4_class1001.npy");
    for (let row = 0; row < 4; row++) {
      const sample = dataset.labels!.indexOf(Number(labels.data[row]) - 1);
      const last = await feed(dataset, sample, { name: "x", shape: [1, 224, 224, 3], dtype: "f32" });
      const first = await feed(dataset, sample, { name: "x", shape: [1, 3, 224, 224], dtype: "f32" });
      const wanted = (golden.data as Uint8Array).subarray(row * last.length, (row + 1) * last.length);
      const levels = last.map((value) => value * 127.5 + 127.5);
      expect(greatestDifference(levels, wanted)).toBeLessThan(3.01);
      expect(
        levels.filter((level, index) => Math.abs(level - wanted[index]) < 1.01).length / levels.length,
      ).toBeGreaterThan(0.97);
      expect(
        greatestDifference(
          first,
          first.map((_, at) => last[(at % 50176) * 3 + Math.floor(at / 50176)]),
        ),
      ).toBe(0);
    }
  });
});
