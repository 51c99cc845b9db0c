import {
  type Diagnostic,
  DiagnosticError,
  elementCount,
  type Graph,
  givenInputs,
  isStatic,
  type Value,
} from "@millrace/ir";
import { isEmpty } from "./range.ts";
import type { WatchedValue } from "./watched-value.ts";

const mostShown = 20;

const noSamples: Diagnostic = {
  code: "quantize.no-calibration-data",
  severity: "error",
  message: "there is no sample to calibrate with",
  hint: "give real inputs with --data, and see that the split of dataset.json leaves some for calibration",
};

/**
 * What the watched values of a graph, in its order, tell against the samples or the model: warnings. Throws a DiagnosticError if nothing can be
 * calibrated by them.
 */
export function calibrationProblems(graph: Graph, watched: readonly WatchedValue[]): readonly Diagnostic[] {
  if (watched.some(({ inferences }) => inferences === 0)) throw new DiagnosticError([noSamples]);
  const problems = [...notFiniteValues(graph, watched), ...emptyValues(watched), ...constantInputs(graph, watched)];
  const errors = problems.filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new DiagnosticError(errors.slice(0, mostShown));
  return problems.slice(0, mostShown);
}

/** A value that is never finite, or an output that is not for some sample, is an error; what a model gets over within is not. */
function notFiniteValues(graph: Graph, watched: readonly WatchedValue[]): readonly Diagnostic[] {
  const broken = watched.filter((each) => each.broken);
  const isFatal = broken.some(({ value, extremes }) => isEmpty(extremes) || graph.outputs.includes(value));
  return broken.map(({ value, extremes, broken: first }) => ({
    code: "quantize.not-finite",
    severity: isFatal ? "error" : "warning",
    message: isEmpty(extremes)
      ? `value ${value.name} is never a finite number on the calibration samples: ${first!.number} first on ${first!.sample}`
      : `value ${value.name} holds ${first!.number}, first on ${first!.sample}`,
    at: placeOf(value),
    hint: "check the preprocessing of the data and whether the float model gives sensible results",
  }));
}

/** Values that never hold a number, as there can be where data decides sizes: no range can be told for them. */
function emptyValues(watched: readonly WatchedValue[]): readonly Diagnostic[] {
  const empty = watched.filter(({ extremes, broken }) => isEmpty(extremes) && !broken);
  return empty.map(({ value }) => ({
    code: "quantize.empty-value",
    severity: "error",
    message: `value ${value.name} holds no number on any of the calibration samples`,
    at: placeOf(value),
    hint: "give samples in which the model finds something",
  }));
}

function placeOf({ name, producer }: Value) {
  return { value: name, ...(producer && { node: producer.name }) };
}

/** Inputs of several numbers, no states, that are all alike: an error if there is no other real input. */
function constantInputs(graph: Graph, watched: readonly WatchedValue[]): readonly Diagnostic[] {
  const given = givenInputs(graph);
  const inputs = watched.filter(({ value }) => given.includes(value) && !isScalar(value));
  const constant = inputs.filter(({ extremes: { minimum, maximum } }) => minimum === maximum);
  const severity = constant.length === inputs.length ? "error" : "warning";
  return constant.map(({ value, extremes, firstSample, inferences }) => ({
    code: "quantize.constant-input",
    severity,
    message: `input ${value.name} is ${extremes.minimum} everywhere on ${inferences === 1 ? firstSample : `all ${inferences} inferences from ${firstSample} on`}, which tells nothing of the ranges in the model`,
    at: { value: value.name },
    hint: "calibrate with samples as the model will see them, a hundred or so",
  }));
}

function isScalar({ type: { shape } }: Value): boolean {
  return isStatic(shape) && elementCount(shape) <= 1;
}
