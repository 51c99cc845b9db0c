import { readFileSync } from "node:fs";
import { nodeOnnxruntime } from "@millrace/devices/node";
import type { Engine } from "@millrace/runtime";
import { describe, expect, test } from "vitest";
import { calibrationSamples } from "./calibrate-on-data.ts";
import { datasetFromArrays } from "./data/arrays.ts";
import { evaluate } from "./evaluate.ts";
import { load } from "./load.ts";
import { prepare } from "./prepare.ts";
import { quantize } from "./quantize.ts";

const bytes = new Uint8Array(readFileSync(new URL("../../../examples/digits/digits.onnx", import.meta.url)));
const { graph } = prepare(load({ name: "digits.onnx", bytes }));

function pixels(count: number, split: { readonly calibration: "all"; readonly test: "all" }) {
  const data = Uint8Array.from({ length: count * 784 }, (_, index) => (index * index * 31) % 251);
  const labels = Uint8Array.from({ length: count }, (_, index) => index);
  return datasetFromArrays({
    inputs: { "*": { shape: [28, 28, 1], layout: "HWC", data, mean: 20, std: 250 } },
    labels,
    split,
  });
}

/** An engine that notes what it is fed. */
function noting(fed: Float32Array[]): Engine {
  return {
    name: "noting",
    async prepare(...words) {
      const prepared = await nodeOnnxruntime().prepare(...words);
      return {
        run(feeds) {
          fed.push(...[...feeds.values()].map(({ data }) => data as Float32Array));
          return prepared.run(feeds);
        },
        dispose: () => prepared.dispose(),
      };
    },
  };
}

describe("calibrating on data", () => {
  test("feeds what evaluating feeds, in the same order", async () => {
    const data = pixels(4, { calibration: "all", test: "all" });
    const [calibrated, evaluated]: Float32Array[][] = [[], []];
    await quantize(graph, data, noting(calibrated), { calibration: "minmax" });
    await evaluate({ graph, engine: noting(evaluated) }, data);
    expect(calibrated).toEqual(evaluated);
    expect(calibrated.length).toBe(4);
    expect(calibrated[0][3]).toBe(Math.fround((((9 * 31) % 251) - 20) / 250));
  });

  test("takes a budget of samples that are evenly spread, in order", () => {
    const data = pixels(10, { calibration: "all", test: "all" });
    expect(calibrationSamples(data, 4)).toEqual([0, 2, 5, 7]);
    expect(calibrationSamples(data, 99)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});
