import type { Diagnostic, Graph, Value } from "@millrace/ir";
import { type Calibration, isWeighted, observableValues, type Range } from "@millrace/quantize";
import {
  finite,
  integer,
  list,
  object,
  oneOf,
  optional,
  type Problem,
  required,
  text,
  value,
} from "./data/validate.ts";

/** Changes whenever what is stored, or how it comes about, does. */
export const calibrationVersion = 3;

interface StoredValue {
  readonly name: string;
  readonly range: readonly number[];
  readonly extremes: readonly number[];
  /** null where a channel had no finite number. */
  readonly means?: readonly number[];
  readonly minima?: readonly (number | null)[];
  readonly maxima?: readonly (number | null)[];
}

interface StoredCalibration {
  readonly version: number;
  readonly inferences: number;
  readonly diagnostics: readonly Diagnostic[];
  readonly values: readonly StoredValue[];
}

const numberOrNull = value(
  "a number or null",
  (candidate): candidate is number | null => candidate === null || Number.isFinite(candidate),
);

const stored = object<StoredCalibration>({
  version: required(integer(1)),
  inferences: required(integer(1)),
  diagnostics: required(
    list(
      object<Diagnostic>({
        code: required(text),
        severity: required(oneOf(["error", "warning", "info"])),
        message: required(text),
        hint: optional(text),
        at: optional(
          object<NonNullable<Diagnostic["at"]>>({ model: optional(text), node: optional(text), value: optional(text) }),
        ),
      }),
      0,
    ),
  ),
  values: required(
    list(
      object<StoredValue>({
        name: required(text),
        range: required(list(finite)),
        extremes: required(list(finite)),
        means: optional(list(finite)),
        minima: optional(list(numberOrNull)),
        maxima: optional(list(numberOrNull)),
      }),
      0,
    ),
  ),
});

/** A graph's calibration as a JSON file. */
export function writeCalibration(graph: Graph, calibration: Calibration): Uint8Array {
  const { ranges, extremes, means, minima, maxima, inferences } = calibration;
  const pair = ({ minimum, maximum }: Range) => [minimum, maximum];
  const content: StoredCalibration = {
    version: calibrationVersion,
    inferences,
    diagnostics: calibration.diagnostics,
    values: observableValues(graph).map((each) => ({
      name: each.name,
      range: pair(ranges.get(each)!),
      extremes: pair(extremes.get(each)!),
      ...(isWeighted(each) && {
        means: Array.from(means.get(each)!),
        minima: Array.from(minima.get(each)!),
        maxima: Array.from(maxima.get(each)!),
      }),
    })),
  };
  return new TextEncoder().encode(JSON.stringify(content));
}

/** The calibration of a graph from its file. Throws an Error that says what is wrong with it. */
export function readCalibration(graph: Graph, bytes: Uint8Array): Calibration {
  const problems: Problem[] = [];
  const content = stored(JSON.parse(new TextDecoder().decode(bytes)), "", problems);
  if (content === undefined || problems.length > 0) throw new Error(`${problems[0].at} ${problems[0].message}`);
  const observed = observableValues(graph);
  if (content.version !== calibrationVersion) throw new Error("it is of another version");
  if (content.values.length !== observed.length) throw new Error("it has other values than the model");
  const entries = observed.map((each, index) => [each, checked(each, content.values[index])] as const);
  const weighted = entries.filter(([each]) => isWeighted(each));
  return {
    inferences: content.inferences,
    diagnostics: content.diagnostics,
    ranges: new Map(entries.map(([each, { range }]) => [each, rangeFrom(range)])),
    extremes: new Map(entries.map(([each, { extremes }]) => [each, rangeFrom(extremes)])),
    means: new Map(weighted.map(([each, { means }]) => [each, means!])),
    minima: new Map(
      weighted.map(([each, { minima }]) => [each, minima!.map((least) => least ?? Number.POSITIVE_INFINITY)]),
    ),
    maxima: new Map(
      weighted.map(([each, { maxima }]) => [each, maxima!.map((most) => most ?? Number.NEGATIVE_INFINITY)]),
    ),
  };
}

function checked(each: Value, entry: StoredValue): StoredValue {
  const { name, range, extremes, means, minima, maxima } = entry;
  if (name !== each.name) throw new Error(`it has ${name.slice(0, 100)} in the place of ${each.name}`);
  if (![range, extremes].every((ends) => ends.length === 2 && ends[0] <= ends[1]))
    throw new Error(`the range of ${name} is none`);
  const channels = each.type.shape.at(-1) ?? 1;
  if (isWeighted(each) && ![means, minima, maxima].every((numbers) => numbers?.length === channels))
    throw new Error(`${name} does not have ${channels} channels`);
  return entry;
}

function rangeFrom([minimum, maximum]: readonly number[]): Range {
  return { minimum, maximum };
}
