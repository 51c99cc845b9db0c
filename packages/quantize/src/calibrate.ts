import { DiagnosticError, type Graph, type Tensor, type Value } from "@millrace/ir";
import type { Engine } from "@millrace/runtime";
import { channelMeans, minMaxObserver, type Observer, type Range } from "./range.ts";

export interface CalibrationOptions {
  readonly signal?: AbortSignal;
  /** Called after each inference with how many are done. */
  readonly progress?: (done: number) => void;
  /** Makes the observer of one value; the whole range seen by default. */
  readonly observer?: () => Observer;
}

/** What was seen of a graph's real values, and in how many inferences. */
export interface Calibration {
  readonly ranges: ReadonlyMap<Value, Range>;
  /** Mean of each index of the last axis, of the values that layers with weights read. */
  readonly means: ReadonlyMap<Value, ArrayLike<number>>;
  readonly inferences: number;
}

/** Runs the float graph on the samples and observes every real value. Throws a DiagnosticError if there are no samples or a value is never finite. */
export async function calibrate(
  graph: Graph,
  engine: Engine,
  samples: AsyncIterable<ReadonlyMap<string, Tensor>>,
  options: CalibrationOptions = {},
): Promise<Calibration> {
  const observed = observableValues(graph);
  const observers = new Map(observed.map((value) => [value, (options.observer ?? minMaxObserver)()]));
  const averages = new Map(observed.filter(isWeighted).map((value) => [value, channelMeans()]));
  const prepared = await engine.prepare(graph, observed);
  let inferences = 0;
  try {
    for await (const feeds of samples) {
      options.signal?.throwIfAborted();
      const results = await prepared.run(feeds);
      for (const [value, observer] of observers) {
        const tensor = results.get(value.name) ?? feeds.get(value.name)!;
        observer.observe(tensor);
        averages.get(value)?.observe(tensor);
      }
      inferences++;
      options.progress?.(inferences);
    }
  } finally {
    await prepared.dispose();
  }
  if (inferences === 0) throw new DiagnosticError([noSamples]);
  const ranges = new Map([...observers].map(([value, observer]) => [value, observer.range()]));
  requireFinite(ranges);
  const means = new Map([...averages].map(([value, average]) => [value, average.means()]));
  return { ranges, means, inferences };
}

const noSamples = {
  code: "quantize.no-calibration-data",
  severity: "error",
  message: "there is no sample to calibrate with",
  hint: "give real inputs with --data, and see that the split of dataset.json leaves some for calibration",
} as const;

/** Float values that flow: inputs and results of nodes. */
function observableValues(graph: Graph): readonly Value[] {
  const results = [...graph.nodes()].flatMap(({ outputs }) => outputs);
  return [...graph.inputs, ...results].filter(({ type }) => type.dtype === "f32");
}

/** Whether a layer with weights reads the value as its data. */
function isWeighted(value: Value): boolean {
  for (const { user, index } of value.uses) {
    const rule = user.op.quantization;
    if (index === 0 && rule.kind === "free" && rule.weights) return true;
  }
  return false;
}

function requireFinite(ranges: ReadonlyMap<Value, Range>): void {
  const broken = [...ranges].filter(
    ([, { minimum, maximum }]) => !Number.isFinite(minimum) || !Number.isFinite(maximum),
  );
  if (broken.length === 0) return;
  throw new DiagnosticError(
    broken.slice(0, 20).map(([value]) => ({
      code: "quantize.not-finite",
      severity: "error",
      message: `value ${value.name} is never a finite number on the calibration samples`,
      at: { value: value.name, ...(value.producer && { node: value.producer.name }) },
      hint: "check the preprocessing of the data and whether the float model gives sensible results",
    })),
  );
}
