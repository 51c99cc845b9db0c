import { DatasetError } from "./error.ts";
import { inputRules, labelRules, splitRules } from "./rules.ts";
import { type SampleLayout, type StoredType, storedTypes } from "./stored.ts";
import {
  either,
  finite,
  integer,
  list,
  object,
  oneOf,
  optional,
  type Problem,
  type Reader,
  record,
  required,
  text,
} from "./validate.ts";

export const metricNames = ["top1", "top5", "auc-reconstruction", "cosine", "mse"] as const;

export type MetricName = (typeof metricNames)[number];

/** Slices of `size` along `axis`, `step` apart; each is one inference. */
export interface WindowDescription {
  readonly axis: number;
  readonly size: number;
  readonly step: number;
}

export interface InputDescription {
  /** A .npy, .npz, .bin or .bin.gz file, or with dtype "image" a folder; relative to the dataset. */
  readonly file: string;
  readonly dtype?: StoredType | "image";
  /** Of one sample, without a batch. */
  readonly shape?: readonly number[];
  readonly layout?: SampleLayout;
  /** real = (stored - zeroPoint) * scale */
  readonly scale?: number;
  readonly zeroPoint?: number;
  /** real = (pixel - mean) / std, one value or one per channel. */
  readonly mean?: number | readonly number[];
  readonly std?: number | readonly number[];
  readonly window?: WindowDescription;
  /** The images, in the order of a csv column; without it every PNG and JPEG of the folder by name. */
  readonly files?: { readonly from: string; readonly column: string };
}

/** Integers: the column of a csv file, the array of an .npz file, or a .npy file. */
export interface LabelsDescription {
  readonly file: string;
  readonly column?: string;
}

export interface SplitDescription {
  /** The samples whose index i satisfies i % every == offset (0 by default). */
  readonly calibration?: { readonly every: number; readonly offset?: number } | "all" | "none";
  /** "rest" are the samples that calibration does not use. */
  readonly test?: "rest" | "all" | "none";
}

export interface DatasetDescription {
  /** By the model's input name; "*" is the only input of any model. */
  readonly inputs: Readonly<Record<string, InputDescription>>;
  readonly labels?: LabelsDescription;
  /** `top1` where there are labels, else `cosine`, when left out. */
  readonly metric?: MetricName;
  readonly split?: SplitDescription;
}

const numbers = either<number, readonly number[]>((candidate) => !Array.isArray(candidate), finite, list(finite));

const input = object<InputDescription>({
  file: required(text),
  dtype: optional(oneOf([...(Object.keys(storedTypes) as StoredType[]), "image"])),
  shape: optional(list(integer(1), 0)),
  layout: optional(oneOf(["HWC", "CHW"])),
  scale: optional(finite),
  zeroPoint: optional(finite),
  mean: optional(numbers),
  std: optional(numbers),
  window: optional(
    object<WindowDescription>({ axis: required(integer(0)), size: required(integer(1)), step: required(integer(1)) }),
  ),
  files: optional(object<{ from: string; column: string }>({ from: required(text), column: required(text) })),
});

const every = object<{ every: number; offset?: number }>({ every: required(integer(1)), offset: optional(integer(0)) });

const split = object<SplitDescription>({
  calibration: optional(either((candidate) => typeof candidate === "object", every, oneOf(["all", "none"]))),
  test: optional(oneOf(["rest", "all", "none"])),
});

const labels = object<LabelsDescription>({ file: required(text), column: optional(text) });

const description = object<DatasetDescription>({
  inputs: required(record(ruled(input, inputRules))),
  labels: optional(ruled(labels, labelRules)),
  metric: optional(oneOf(metricNames)),
  split: optional(ruled(split, splitRules)),
});

/**
 * The typed form of a parsed dataset.json. Unknown keys are errors. Throws one `data.bad-description` whose message lists every
 * problem with its path.
 */
export function parseDatasetDescription(json: unknown): DatasetDescription {
  const problems: Problem[] = [];
  const parsed = description(json, "", problems);
  if (parsed?.inputs !== undefined && Object.hasOwn(parsed.inputs, "*") && Object.keys(parsed.inputs).length > 1) {
    problems.push({ at: "inputs.*", message: "stands for the only input and can't stand beside others" });
  }
  if (parsed !== undefined && problems.length === 0) return parsed;
  throw badDescription(problems);
}

/** Holds values that were read without a problem to rules that span several keys. */
function ruled<T>(read: Reader<T>, rules: readonly (readonly [string, (value: T) => boolean])[]): Reader<T> {
  return (candidate, at, problems) => {
    const before = problems.length;
    const value = read(candidate, at, problems);
    if (value === undefined || problems.length > before) return value;
    for (const [message, holds] of rules) if (!holds(value)) problems.push({ at, message });
    return value;
  };
}

function badDescription(problems: readonly Problem[]): DatasetError {
  const shown = problems.slice(0, 20).map(({ at, message }) => `${at || "the document"} ${message}`);
  if (problems.length > shown.length) shown.push(`and ${problems.length - shown.length} more`);
  const count = problems.length === 1 ? "a problem" : `${problems.length} problems`;
  return new DatasetError("data.bad-description", `dataset.json has ${count}: ${shown.join("; ")}`, {
    hint: "Correct the named keys of dataset.json.",
    where: problems[0]?.at || "dataset.json",
  });
}
