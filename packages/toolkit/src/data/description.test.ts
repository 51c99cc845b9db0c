import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseDatasetDescription } from "./description.ts";
import { errorOf, hasShared, shared } from "./test-data.ts";

const raw = { file: "x.bin", dtype: "uint8", shape: [4, 4, 3], layout: "HWC" };

describe("dataset description", () => {
  it("keeps a valid one as it is", () => {
    const json = {
      inputs: { "*": { ...raw, mean: [1, 2, 3], std: 2, window: { axis: 0, size: 2, step: 1 } } },
      labels: { file: "y.csv", column: "label" },
      metric: "top5",
      split: { calibration: { every: 7, offset: 6 }, test: "rest" },
    };
    expect(parseDatasetDescription(json)).toEqual(json);
    expect(
      parseDatasetDescription({ inputs: { x: { file: "x.npy" } }, split: { calibration: "all", test: "none" } }).split,
    ).toEqual({
      calibration: "all",
      test: "none",
    });
  });

  it("reports every problem at once, with the nearest known key", async () => {
    const error = await errorOf(() =>
      parseDatasetDescription({
        inputs: { x: { file: "x.bin", dtpye: "uint8", shape: [4, 0], layout: "hwc" } },
        metrics: "top1",
        metric: "top-5",
        labels: { colunm: "label" },
      }),
    );
    expect(error.code).toBe("data.bad-description");
    for (const part of [
      'metrics is an unknown key; the nearest known one is "metric"',
      'inputs.x.dtpye is an unknown key; the nearest known one is "dtype"',
      "inputs.x.shape[1] is 0 and must be an integer of at least 1",
      'inputs.x.layout is "hwc" and must be one of HWC, CHW; the nearest is "HWC"',
      'metric is "top-5" and must be one of top1, top5, auc-reconstruction, cosine, mse; the nearest is "top5"',
      "labels.file is missing",
      'labels.colunm is an unknown key; the nearest known one is "column"',
    ]) {
      expect(error.message).toContain(part);
    }
    expect(error.message).toContain("7 problems");
  });

  it.each([
    ["needs dtype and shape", { file: "x.bin.gz", dtype: "uint8" }],
    ["must name a .npy", { file: "x.txt" }],
    ["inside the dataset's folder", { ...raw, file: "../x.bin" }],
    ["inside the dataset's folder", { ...raw, file: "/x.bin" }],
    [
      "inside the dataset's folder",
      { file: ".", dtype: "image", shape: [2, 2, 3], files: { from: "a\\b.csv", column: "file" } },
    ],
    ["1 or 3 channels", { file: ".", dtype: "image", shape: [2, 2, 2] }],
    ["1 or 3 channels", { file: ".", dtype: "image", shape: [2, 2, 3], layout: "CHW" }],
    ['has "files"', { ...raw, files: { from: "a.csv", column: "file" } }],
    ["more than 2^31", { ...raw, shape: [2 ** 20, 2 ** 20, 1] }],
    ["layout and needs a shape of 3", { ...raw, shape: [4, 4] }],
    ["use one pair", { ...raw, scale: 1, std: 2 }],
    ["scale of 0", { ...raw, scale: 0 }],
    ["std of 0", { ...raw, std: [1, 0, 1] }],
    ["one per channel", { ...raw, mean: [1, 2] }],
    ["window that does not fit", { ...raw, window: { axis: 0, size: 5, step: 1 } }],
    ["window that does not fit", { ...raw, window: { axis: 3, size: 1, step: 1 } }],
    ["an object", 7],
  ])("says that an input %s", async (message, input) => {
    const error = await errorOf(() => parseDatasetDescription({ inputs: { x: input } }));
    expect(error.message).toContain(message);
    expect(error.where).toBe("inputs.x");
  });

  it.each([
    [null],
    [[]],
    [{}],
    [{ inputs: {} }],
    [{ inputs: [] }],
    [{ inputs: { x: raw, "*": raw } }],
    [{ inputs: { x: raw }, split: { calibration: { every: 7, offset: 7 } } }],
    [{ inputs: { x: raw }, split: { calibration: { every: 0 } } }],
    [{ inputs: { x: raw }, split: { calibration: null } }],
    [{ inputs: { x: raw }, labels: { file: "y.csv" } }],
    [JSON.parse('{"inputs": {"x": {"file": "x.npy"}}, "__proto__": {}}')],
  ])("refuses %j", async (json) => {
    expect((await errorOf(() => parseDatasetDescription(json))).code).toBe("data.bad-description");
  });

  it("answers a flood of unknown keys shortly", async () => {
    const keys = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`key${index}`, 1]));
    const started = performance.now();
    const error = await errorOf(() => parseDatasetDescription({ inputs: { x: raw }, ...keys }));
    expect(error.message.length).toBeLessThan(5000);
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it.skipIf(!hasShared).each(["fashion_mnist", "mlperf_ad01", "mlperf_ic01", "mlperf_kws01", "mlperf_vww01", "mnist"])(
    "accepts %s",
    (name) => {
      const json = JSON.parse(readFileSync(new URL(`assets/datasets/${name}/dataset.json`, shared), "utf8"));
      expect(parseDatasetDescription(json)).toEqual(json);
    },
  );
});
