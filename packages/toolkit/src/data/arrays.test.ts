import { describe, expect, it } from "vitest";
import { datasetFromArrays } from "./arrays.ts";
import type { Inference } from "./dataset.ts";
import { splitSamples } from "./split.ts";
import { errorOf } from "./test-data.ts";

const bytes = (count: number) => Uint8Array.from({ length: count }, (_, index) => index);
const numbers = (inference: Inference, name: string) => [...(inference.get(name)!.data as Float32Array)];

describe("a dataset from arrays", () => {
  it("gives real values in the shape of the model's only input", async () => {
    const dataset = datasetFromArrays({
      inputs: { "*": { shape: [2, 1, 2], data: bytes(8), layout: "HWC", scale: 0.5, zeroPoint: 2 } },
      labels: [0, 1],
    });
    expect([dataset.count, dataset.metric, dataset.labels, dataset.inputNames]).toEqual([
      2,
      "top1",
      Int32Array.of(0, 1),
      ["*"],
    ]);
    const [inference, ...others] = await dataset.feeds(1, [
      { name: "image", shape: [1, 2, 2, 1], layout: "NCHW", dtype: "i8" },
    ]);
    expect(others).toEqual([]);
    expect(inference.get("image")).toEqual({
      dtype: "f32",
      shape: [1, 2, 2, 1],
      data: Float32Array.of(1, 2, 1.5, 2.5),
    });
  });

  it("normalizes by mean and std per channel, in either layout", async () => {
    const wanted = { name: "x", shape: [1, 1, 2, 2], dtype: "f32" } as const;
    const normal = { data: bytes(4), mean: [1, 0], std: [2, 4] };
    const last = datasetFromArrays({ inputs: { x: { ...normal, shape: [1, 2, 2], layout: "HWC" } } });
    expect(numbers((await last.feeds(0, [{ ...wanted, layout: "NHWC" }]))[0], "x")).toEqual([-0.5, 0.25, 0.5, 0.75]);
    const first = datasetFromArrays({ inputs: { x: { ...normal, shape: [2, 1, 2], layout: "CHW" } } });
    expect(numbers((await first.feeds(0, [{ ...wanted, shape: [1, 2, 1, 2] }]))[0], "x")).toEqual([-0.5, 0, 0.5, 0.75]);
  });

  it("views float samples and cuts them in windows, beside inputs that have none", async () => {
    const data = Float32Array.from({ length: 12 }, (_, index) => index);
    const dataset = datasetFromArrays({
      inputs: {
        long: { shape: [3, 2], data, window: { axis: 0, size: 2, step: 1 } },
        once: { shape: [1], data: Float32Array.of(7, 8) },
      },
    });
    expect(dataset.metric).toBe("cosine");
    const inferences = await dataset.feeds(1, [
      { name: "once", shape: [1, 1], dtype: "f32" },
      { name: "long", shape: [1, 4], dtype: "f32" },
    ]);
    expect(inferences.map((inference) => [numbers(inference, "long"), numbers(inference, "once")])).toEqual([
      [[6, 7, 8, 9], [8]],
      [[8, 9, 10, 11], [8]],
    ]);
    expect(inferences[0].get("long")?.data.buffer).toBe(data.buffer);
  });

  it("passes integers unscaled to inputs that take them, and no others", async () => {
    const ids = { name: "ids", shape: [1, 2] } as const;
    const dataset = datasetFromArrays({ inputs: { ids: { shape: [2], data: Uint8Array.of(1, 200), scale: 0.5 } } });
    expect((await dataset.feeds(0, [{ ...ids, dtype: "i64" }]))[0].get("ids")?.data).toEqual(
      BigInt64Array.of(1n, 200n),
    );
    expect((await dataset.feeds(0, [{ ...ids, dtype: "i32" }]))[0].get("ids")?.data).toEqual(Int32Array.of(1, 200));
    expect((await errorOf(() => dataset.feeds(0, [{ ...ids, dtype: "bool" }]))).code).toBe("data.not-integer");
    const wide = datasetFromArrays({ inputs: { ids: { shape: [2], data: BigInt64Array.of(-1n, 2n ** 40n) } } });
    expect((await errorOf(() => wide.feeds(0, [{ ...ids, dtype: "i32" }]))).message).toContain("1099511627776");
    expect((await errorOf(() => wide.feeds(0, [{ ...ids, dtype: "u64" }]))).code).toBe("data.not-integer");
    const floats = datasetFromArrays({ inputs: { ids: { shape: [2], data: Float32Array.of(1, 2) } } });
    expect((await errorOf(() => floats.feeds(0, [{ ...ids, dtype: "i32" }]))).code).toBe("data.not-integer");
  });

  it("names both lists where the inputs are not the model's", async () => {
    const named = datasetFromArrays({
      inputs: { left: { shape: [1], data: bytes(2) }, right: { shape: [1], data: bytes(2) } },
    });
    const wanted = (...names: string[]) => names.map((name) => ({ name, shape: [1, 1], dtype: "f32" as const }));
    expect([...(await named.feeds(0, wanted("right", "left")))[0].keys()]).toEqual(["right", "left"]);
    for (const inputs of [wanted("left"), wanted("left", "rihgt"), wanted("left", "right", "more"), wanted()]) {
      expect((await errorOf(() => named.feeds(0, inputs))).code).toBe("data.unknown-input");
    }
    expect((await errorOf(() => named.feeds(0, wanted("left", "rihgt")))).message).toBe(
      "The data has inputs left, right and the model has inputs left, rihgt",
    );
    const any = datasetFromArrays({ inputs: { "*": { shape: [1], data: bytes(2) } } });
    expect((await errorOf(() => any.feeds(0, wanted("left", "right")))).code).toBe("data.unknown-input");
  });

  it.each([
    ["data.size-mismatch", { inputs: { x: { shape: [2], data: bytes(3) } } }],
    ["data.bad-array", { inputs: { x: { shape: [2], data: bytes(0) } } }],
    ["data.count-mismatch", { inputs: { x: { shape: [1], data: bytes(3) }, y: { shape: [1], data: bytes(2) } } }],
    ["data.label-count", { inputs: { x: { shape: [1], data: bytes(3) } }, labels: [1] }],
    ["data.bad-label", { inputs: { x: { shape: [1], data: bytes(1) } }, labels: [0.5] }],
    ["data.no-labels", { inputs: { x: { shape: [1], data: bytes(3) } }, metric: "top5" }],
    ["data.bad-description", { inputs: { x: { shape: [1.5], data: bytes(3) } } }],
    ["data.bad-description", { inputs: {} }],
  ] as const)("raises %s", async (code, arrays) => {
    expect((await errorOf(() => datasetFromArrays(arrays))).code).toBe(code);
  });

  it("knows its samples", async () => {
    const dataset = datasetFromArrays({ inputs: { x: { shape: [1], data: bytes(3) } } });
    for (const sample of [-1, 3, 0.5, Number.NaN]) {
      expect((await errorOf(() => dataset.feeds(sample, [{ name: "x", shape: [1], dtype: "f32" }]))).code).toBe(
        "data.no-sample",
      );
    }
  });
});

describe("the split", () => {
  it("calibrates with every nth sample and tests on the rest", () => {
    expect(splitSamples(8, { calibration: { every: 3, offset: 1 } })).toEqual({
      calibration: [1, 4, 7],
      test: [0, 2, 3, 5, 6],
    });
    expect(splitSamples(3, { calibration: { every: 2 }, test: "all" })).toEqual({
      calibration: [0, 2],
      test: [0, 1, 2],
    });
    expect(splitSamples(2, { calibration: "none", test: "rest" })).toEqual({ calibration: [], test: [0, 1] });
    expect(splitSamples(2, { calibration: "all", test: "none" })).toEqual({ calibration: [0, 1], test: [] });
  });

  it("takes every 10th where nothing is said, and few samples whole", () => {
    expect(splitSamples(40, undefined).calibration).toEqual([0, 10, 20, 30]);
    expect(splitSamples(40, undefined).test).toHaveLength(36);
    expect(splitSamples(19, undefined).calibration).toEqual(splitSamples(19, undefined).test);
    expect(splitSamples(12, {})).toEqual({ calibration: [0, 10], test: [1, 2, 3, 4, 5, 6, 7, 8, 9, 11] });
  });
});
