import { type DType, type Tensor, tensorOf } from "@millrace/ir";
import { sha256 } from "../sha256.ts";
import { normalizationOf, realValues, requireFinite, storedIntegers } from "./convert.ts";
import type { DatasetDescription, InputDescription, MetricName } from "./description.ts";
import { DatasetError } from "./error.ts";
import { fitSample, type ModelInput } from "./fit.ts";
import { metrics } from "./metrics.ts";
import type { RandomNumbers } from "./random.ts";
import type { Source } from "./source.ts";
import { type Split, splitSamples } from "./split.ts";
import { channelAxis } from "./stored.ts";
import { windowShape, windowsOf } from "./window.ts";

/** What one run of a model takes, by input name. The tensors may be views of the stored data and are never written to. */
export type Inference = ReadonlyMap<string, Tensor>;

/** Samples to calibrate and evaluate with. */
export interface Dataset {
  readonly description: DatasetDescription;
  /** How the samples were drawn that are random numbers; absent where they are real ones. */
  readonly random?: RandomNumbers;
  readonly metric: MetricName;
  /** Stored samples; with a window a sample is several inferences. */
  readonly count: number;
  /** As the data names them; "*" fits the only input of any model. */
  readonly inputNames: readonly string[];
  /** One per sample. */
  readonly labels: Int32Array | undefined;
  /**
   * The labels for a model with that many classes: those of a csv column named like the stated one but with that number at its end
   * (class1000, class1001), where there is one; else the stated ones.
   */
  labelsFor(classes: number): Int32Array | undefined;
  readonly split: Split;
  /** Tells samples, and how they are read, from all others: a SHA-256 of what is stored. */
  digest(samples: readonly number[]): Promise<string>;
  /** What to call a sample in a diagnostic: its number, counted from 0, and the files that it is in. */
  sampleName(sample: number): string;
  /**
   * The inferences of one sample: real values as f32 in the shape of each model input, or the stored integers where an input
   * takes i32, i64, u32, u64 or bool. Throws `data.unknown-input`, `data.shape-mismatch`, `data.not-integer`, `data.not-finite`,
   * `data.no-sample`.
   */
  feeds(sample: number, inputs: readonly ModelInput[]): Promise<readonly Inference[]>;
}

/** A dataset over opened sources, one per described input. Throws `data.count-mismatch`, `data.label-count` and `data.no-labels`. */
export function createDataset(
  description: DatasetDescription,
  sources: ReadonlyMap<string, Source>,
  labels: Int32Array | undefined,
  labelsByClasses: ReadonlyMap<number, Int32Array> = new Map(),
): Dataset {
  const count = countOf(sources, labels);
  const metric = description.metric ?? (labels === undefined ? "cosine" : "top1");
  if (metrics[metric].needsLabels && labels === undefined) throw noLabels(metric);
  const stored = new Map([...sources].map(([name, source]) => [name, storedInput(source, description.inputs[name])]));
  return {
    description,
    metric,
    count,
    inputNames: [...stored.keys()],
    labels,
    labelsFor: (classes) => labelsByClasses.get(classes) ?? labels,
    split: splitSamples(count, description.split),
    async digest(samples) {
      const parts = [JSON.stringify(description.inputs)];
      for (const sample of samples)
        for (const source of sources.values()) parts.push(await sha256(await source.bytes(sample)));
      return sha256(parts.join("\n"));
    },
    sampleName(sample) {
      const files = new Set([...sources.values()].map((source) => source.fileOf(sample)));
      return nameOfSample(sample, [...files].join(", "));
    },
    async feeds(sample, inputs) {
      if (!Number.isInteger(sample) || sample < 0 || sample >= count) throw noSample(sample, count);
      const pairs = pairInputs(stored, inputs);
      const columns = await Promise.all(pairs.map(([input, values]) => values(sample, input)));
      return inferences(inputs, columns);
    },
  };
}

function nameOfSample(sample: number, files: string): string {
  return `sample ${sample} (${files})`;
}

type StoredInput = (sample: number, input: ModelInput) => Promise<Tensor[]>;

/** Types of inputs that take stored integers as they are. */
export const integerTypes: readonly DType[] = ["i32", "i64", "u32", "u64", "bool"];

/** Gives the tensors of a sample for a model input: one, or one per window. */
function storedInput(source: Source, description: InputDescription): StoredInput {
  const { window, layout } = description;
  const normalization = normalizationOf(description, source.shape);
  const axis = channelAxis(source.shape.length, layout);
  const shape = window === undefined ? source.shape : windowShape(source.shape, window, source.file);
  const named = (sample: number) => nameOfSample(sample, source.fileOf(sample));
  const integers = (stored: Tensor, dtype: DType, sample: number) => storedIntegers(stored, dtype, named(sample));
  const reals = (stored: Tensor, sample: number) => {
    const values = realValues(stored, normalization, axis);
    requireFinite(values, named(sample), source.fileOf(sample));
    return values;
  };
  return async (sample, input) => {
    const fit = fitSample(shape, layout, input, source.file);
    const stored = await source.sample(sample);
    const dtype = integerTypes.includes(input.dtype) ? input.dtype : "f32";
    const whole = tensorOf(
      dtype,
      source.shape,
      dtype === "f32" ? reals(stored, sample) : integers(stored, dtype, sample),
    );
    const parts = window === undefined ? [whole] : windowsOf(whole, window);
    return parts.map((part) => tensorOf(dtype, input.shape, fit(dtype, part.data)));
  };
}

function pairInputs(
  stored: ReadonlyMap<string, StoredInput>,
  inputs: readonly ModelInput[],
): [ModelInput, StoredInput][] {
  const only = stored.get("*");
  if (only !== undefined && inputs.length === 1) return [[inputs[0], only]];
  const pairs = inputs.flatMap((input) => {
    const values = stored.get(input.name);
    return values === undefined ? [] : [[input, values] as [ModelInput, StoredInput]];
  });
  if (pairs.length === inputs.length && pairs.length === stored.size) return pairs;
  const ours = [...stored.keys()].join(", ");
  const theirs = inputs.map(({ name }) => name).join(", ");
  throw new DatasetError("data.unknown-input", `The data has inputs ${ours} and the model has inputs ${theirs}`, {
    hint: 'Name each input of the model once; "*" stands for the input of a model that has only one.',
    where: [...stored.keys()].find((name) => !inputs.some((input) => input.name === name)) ?? theirs,
  });
}

/** One map per window; an input without windows is repeated beside one that has them. */
function inferences(inputs: readonly ModelInput[], columns: readonly Tensor[][]): Inference[] {
  const length = Math.max(...columns.map((column) => column.length));
  if (columns.some((column) => column.length !== 1 && column.length !== length)) {
    const counts = columns.map((column, index) => `${inputs[index].name} ${column.length}`).join(", ");
    throw new DatasetError("data.window-mismatch", `The windows of the inputs differ in number: ${counts}`, {
      hint: "Choose window sizes and steps that give every input as many windows.",
    });
  }
  return Array.from({ length }, (_, row) => {
    return new Map(columns.map((column, index) => [inputs[index].name, column[column.length === 1 ? 0 : row]]));
  });
}

const greatestCount = 2 ** 24;

function countOf(sources: ReadonlyMap<string, Source>, labels: Int32Array | undefined): number {
  const counts = [...sources].map(([name, source]) => ({ name, count: source.count, file: source.file }));
  const [{ count, file }] = counts;
  if (counts.some((other) => other.count !== count)) {
    const shown = counts.map((other) => `${other.name} ${other.count}`).join(", ");
    throw new DatasetError("data.count-mismatch", `The inputs differ in their number of samples: ${shown}`, {
      hint: "Store as many samples of every input, in the same order.",
      where: counts.find((other) => other.count !== count)?.file,
    });
  }
  if (labels !== undefined && labels.length !== count) {
    throw new DatasetError("data.label-count", `There are ${labels.length} labels and ${count} samples`, {
      hint: "Store one label per sample, in the same order; check dtype and shape of the samples.",
      where: file,
    });
  }
  if (count > 0 && count <= greatestCount) return count;
  throw new DatasetError("data.sample-count", `${file} has ${count} samples and may have 1 to 2^24`, {
    hint: "Check its shape.",
    where: file,
  });
}

function noLabels(metric: MetricName): DatasetError {
  return new DatasetError("data.no-labels", `The metric ${metric} needs labels and the data has none`, {
    hint: "Add labels to dataset.json, or choose the metric cosine or mse.",
    where: "metric",
  });
}

function noSample(sample: number, count: number): DatasetError {
  return new DatasetError("data.no-sample", `There is no sample ${sample}`, {
    hint: `Samples are numbered from 0 to ${count - 1}.`,
  });
}
