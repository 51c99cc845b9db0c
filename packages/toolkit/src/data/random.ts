import { elementCount, fromNumbers, type Tensor, zeros } from "@millrace/ir";
import { sha256 } from "../sha256.ts";
import { type Dataset, integerTypes } from "./dataset.ts";
import type { ModelInput } from "./fit.ts";

/** How numbers are drawn where there are no samples. */
export interface RandomNumbers {
  /** The same seed gives the same numbers everywhere. */
  readonly seed: number;
  /** `normal` has its mean in the middle of the range, and the range is three standard deviations to either side, where it is cut. */
  readonly distribution: "uniform" | "normal";
  readonly minimum: number;
  readonly maximum: number;
}

/**
 * `count` samples of random numbers for any model, to calibrate where there is nothing better: ranges then fit these numbers, not what the model will
 * see. Inputs that take integers, which may be indices, get zeros. The metric is `cosine`, on the same samples.
 */
export function randomDataset(count: number, numbers: RandomNumbers): Dataset {
  const samples = Array.from({ length: count }, (_, index) => index);
  return {
    description: { inputs: {} },
    random: numbers,
    metric: "cosine",
    count,
    inputNames: [],
    labels: undefined,
    labelsFor: () => undefined,
    split: { calibration: samples, test: samples },
    digest: (chosen) => sha256(JSON.stringify([numbers, chosen])),
    sampleName: (sample) => `random sample ${sample}`,
    feeds: async (sample, inputs) => [
      new Map(inputs.map((input, place) => [input.name, randomTensor(input, [sample, place], numbers)])),
    ],
  };
}

function randomTensor({ dtype, shape }: ModelInput, place: readonly number[], numbers: RandomNumbers): Tensor {
  if (integerTypes.includes(dtype)) return zeros(dtype, shape);
  const { seed, distribution, minimum, maximum } = numbers;
  const next = stream([seed, ...place]);
  const draw = distribution === "uniform" ? next : () => Math.min(1, Math.max(0, 0.5 + normal(next) / 6));
  const values = Float32Array.from({ length: elementCount(shape) }, () => minimum + draw() * (maximum - minimum));
  return fromNumbers("f32", shape, values);
}

/** Numbers from 0 to 1, by the finalizer of MurmurHash3 on a counter that starts at a hash of the keys. */
function stream(keys: readonly number[]): () => number {
  let state = keys.reduce((hash, key) => mixed((Math.imul(hash, 31) + key) | 0), 1);
  return () => {
    state = (state + 0x9e3779b9) | 0;
    return (mixed(state) >>> 0) / 2 ** 32;
  };
}

function mixed(value: number): number {
  const once = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35);
  return twice ^ (twice >>> 16);
}

/** A number of the standard normal distribution, by Box and Muller. */
function normal(next: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}
