import { readFileSync } from "node:fs";
import { type Tensor, tensorOf } from "@millrace/ir";
import { describe, expect, it } from "vitest";
import { parseCsv } from "./csv.ts";
import { metricNames } from "./description.ts";
import { areaUnderCurve } from "./measures.ts";
import { metrics, type Observation } from "./metrics.ts";
import { errorOf, hasShared, shared } from "./test-data.ts";

function vector(...values: number[]): Map<string, Tensor> {
  return new Map([["y", tensorOf("f32", [1, values.length], Float32Array.from(values))]]);
}

function score(name: keyof typeof metrics, observations: readonly Observation[]) {
  const accumulator = metrics[name].create();
  for (const observation of observations) accumulator.add(observation);
  return accumulator.result();
}

function classified(label: number, ...scores: number[]): Observation {
  return { label, inputs: [new Map()], outputs: [vector(...scores)] };
}

describe("metrics", () => {
  it("are listed under their own names", () => {
    expect(metricNames.map((name) => metrics[name].name)).toEqual(metricNames);
    expect(metricNames.filter((name) => metrics[name].needsLabels)).toEqual(["top1", "top5", "auc-reconstruction"]);
    expect(metricNames.filter((name) => metrics[name].needsReference)).toEqual(["cosine", "mse"]);
    expect(metricNames.filter((name) => !metrics[name].higherIsBetter)).toEqual(["mse"]);
  });

  it("counts the labels among the best, ties by class index", () => {
    const samples = [classified(2, 1, 2, 3), classified(0, 1, 2, 3), classified(1, 0, 5, 5), classified(2, 0, 5, 5)];
    expect(score("top1", samples)).toEqual({ value: 0.5, samples: 4 });
    expect(
      score("top5", [classified(1, 6, 2, 5, 4, 3, 1), classified(5, 6, 2, 5, 4, 3, 1), classified(0, Number.NaN, 1)])
        .value,
    ).toBeCloseTo(1 / 3);
  });

  it("averages class scores over the windows of a sample", () => {
    const windows = { label: 1, inputs: [new Map(), new Map()], outputs: [vector(3, 1), vector(0, 4)] };
    expect(score("top1", [windows]).value).toBe(1);
  });

  it("scores anomalies by the mean over windows of the mean squared reconstruction error", () => {
    const sample = (label: number, ...errors: number[]): Observation => ({
      label,
      inputs: errors.map(() => vector(1, 1)),
      outputs: errors.map((error) => vector(1 + error, 1 - error)),
    });
    const samples = [sample(0, 1, 1), sample(1, 3, 0), sample(0, 2, 2), sample(1, 9)];
    expect(score("auc-reconstruction", samples)).toEqual({ value: 1, samples: 4 });
    expect(score("auc-reconstruction", [...samples, sample(0, 5)])).toEqual({ value: 5 / 6, samples: 5 });
    expect(score("auc-reconstruction", [sample(0, 1)]).value).toBeNaN();
  });

  it("shares ranks between ties", () => {
    expect(areaUnderCurve([1, 1, 1, 1], [true, false, true, false])).toBe(0.5);
    expect(areaUnderCurve([1, 2, 2, 3], [false, true, false, true])).toBe(0.875);
    expect(areaUnderCurve([3, 2, 1], [false, false, true])).toBe(0);
    expect(areaUnderCurve([1, Number.NaN], [false, true])).toBeNaN();
  });

  it.skipIf(!hasShared).each(["", "tflite_", "tflite_quant_"])(
    "gives the published areas from the %sscores",
    (prefix) => {
      const folder = new URL("assets/datasets/mlperf_ad01/reference_scores/", shared);
      const published = parseCsv(
        readFileSync(new URL(`${prefix}result.csv`, folder), "utf8")
          .replace("ToyCar\r\n", "")
          .replace("ToyCar\n", ""),
        "result.csv",
      );
      for (const [id, area] of published.rows.filter(([id]) => id !== "Average")) {
        const { header, rows } = parseCsv(
          readFileSync(new URL(`${prefix}anomaly_score_ToyCar_id_${id}.csv`, folder), "utf8"),
          "scores.csv",
        );
        const scores = [header, ...rows];
        const value = areaUnderCurve(
          scores.map(([, value]) => Number(value)),
          scores.map(([name]) => name.startsWith("anomaly")),
        );
        expect(value).toBeCloseTo(Number(area), 12);
      }
    },
  );

  it("compares with a reference", () => {
    const pair = (outputs: readonly number[], reference: readonly number[]): Observation => {
      return { inputs: [new Map()], outputs: [vector(...outputs)], reference: [vector(...reference)] };
    };
    const samples = [pair([1, 0], [2, 0]), pair([1, 0], [0, 1]), pair([0, 0], [0, 0])];
    expect(score("cosine", samples)).toEqual({ value: 2 / 3, samples: 3 });
    expect(score("mse", samples)).toEqual({ value: 0.5, samples: 3 });
    expect(score("mse", []).value).toBeNaN();
  });

  it.each([
    ["data.no-labels", () => score("top1", [{ inputs: [new Map()], outputs: [vector(1, 2)] }])],
    ["data.label-range", () => score("top1", [classified(2, 1, 2)])],
    ["data.no-reference", () => score("cosine", [classified(0, 1)])],
    [
      "data.metric-shape",
      () => score("mse", [{ inputs: [new Map()], outputs: [vector(1)], reference: [vector(1, 2)] }]),
    ],
    ["data.metric-shape", () => score("auc-reconstruction", [classified(0, 1)])],
  ])("raises %s", async (code, call) => {
    expect((await errorOf(call)).code).toBe(code);
  });
});
