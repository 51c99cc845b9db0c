import type { Diagnostic, Graph, Tensor, Value } from "@millrace/ir";
import type { Engine } from "@millrace/runtime";
import { calibrationProblems } from "./calibration-problems.ts";
import { prepareObservation } from "./observation.ts";
import { type CalibrationMethod, observers } from "./observers/observers.ts";
import type { Range } from "./range.ts";
import { hasWeights } from "./scheme.ts";
import { WatchedValue } from "./watched-value.ts";

export interface CalibrationOptions {
  readonly signal?: AbortSignal;
  /** Called after each inference with how many are done. */
  readonly progress?: (done: number) => void;
  /** How the ranges of 8-bit values are chosen; by the least squared error by default. */
  readonly method?: CalibrationMethod;
  /** What to call the sample of an inference in a diagnostic; its number by default. */
  readonly sampleName?: (inference: number) => string;
  /** How much of the numbers the method `percentile` keeps, in percent; 99.99 by default. */
  readonly percentile?: number;
}

/** What was seen of a graph's real values, and in how many inferences. */
export interface Calibration {
  /** What 8-bit values have to represent. */
  readonly ranges: ReadonlyMap<Value, Range>;
  /** Least and greatest of each value: what 16-bit values represent, which have steps to spare. */
  readonly extremes: ReadonlyMap<Value, Range>;
  /** Mean of each index of the last axis, of the values that layers with weights read or make. */
  readonly means: ReadonlyMap<Value, ArrayLike<number>>;
  /** The least of each index, of the same values. */
  readonly minima: ReadonlyMap<Value, ArrayLike<number>>;
  /** The greatest of each index, of the same values. */
  readonly maxima: ReadonlyMap<Value, ArrayLike<number>>;
  readonly inferences: number;
  /** What looks wrong with the samples or the model, though it could be calibrated. */
  readonly diagnostics: readonly Diagnostic[];
}

/** What is known without samples: enough where all activations stay real. */
export const noCalibration: Calibration = {
  ranges: new Map(),
  extremes: new Map(),
  means: new Map(),
  minima: new Map(),
  maxima: new Map(),
  inferences: 0,
  diagnostics: [],
};

/**
 * Runs the float graph on the samples and observes every real value. Throws a DiagnosticError if there are no
 * samples, if all are one constant, or if a value is never finite or an output not always.
 */
export async function calibrate(
  graph: Graph,
  engine: Engine,
  samples: AsyncIterable<ReadonlyMap<string, Tensor>>,
  options: CalibrationOptions = {},
): Promise<Calibration> {
  const observed = observableValues(graph);
  const { readsValues, create } = observers[options.method ?? "mse"];
  const watched = observed.map((value) => new WatchedValue(value, create(options)));
  const observation = await prepareObservation(graph, engine, observed, readsValues);
  let inferences = 0;
  try {
    for await (const feeds of samples) {
      options.signal?.throwIfAborted();
      const sights = await observation.run(feeds);
      const sample = options.sampleName?.(inferences) ?? `sample ${inferences}`;
      for (const each of watched) each.add(sights.get(each.value)!, sample);
      inferences++;
      options.progress?.(inferences);
    }
  } finally {
    await observation.dispose();
  }
  const diagnostics = calibrationProblems(graph, watched);
  const weighted = watched.filter(({ value }) => isWeighted(value));
  return {
    ranges: new Map(watched.map(({ value, observer }) => [value, observer.range()!])),
    extremes: new Map(watched.map(({ value, extremes }) => [value, extremes])),
    means: new Map(weighted.map(({ value, channels }) => [value, channels.means])),
    minima: new Map(weighted.map(({ value, channels }) => [value, channels.minima])),
    maxima: new Map(weighted.map(({ value, channels }) => [value, channels.maxima])),
    inferences,
    diagnostics,
  };
}

/** Float values that flow and are calibrated: inputs and results of nodes, in order. */
export function observableValues(graph: Graph): readonly Value[] {
  const results = [...graph.nodes()].flatMap(({ outputs }) => outputs);
  return [...graph.inputs, ...results].filter(({ type }) => type.dtype === "f32");
}

/** Whether a layer with weights reads the value as its data, or makes it. */
export function isWeighted({ producer, uses }: Value): boolean {
  if (producer && hasWeights(producer)) return true;
  for (const { user, index } of uses) if (index === 0 && hasWeights(user)) return true;
  return false;
}
