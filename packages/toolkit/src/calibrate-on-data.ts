import { fail, type Graph } from "@millrace/ir";
import { type Calibration, type CollectedProducts, calibrate, collectProducts } from "@millrace/quantize";
import type { Engine } from "@millrace/runtime";
import { cachedCalibration } from "./calibration-cache.ts";
import type { Dataset, Inference } from "./data/dataset.ts";
import type { QuantizeRequest } from "./quantize.ts";
import { modelInputs } from "./real-values.ts";

const defaultSamples = 100;

/** What a float graph's values are like on the samples, from the request's cache if it has one that knows. */
export async function calibrateOnData(
  graph: Graph,
  data: Dataset,
  samples: readonly number[],
  engine: Engine,
  request: QuantizeRequest,
): Promise<Calibration> {
  const run = () => observe(graph, data, samples, engine, request);
  const { cache, calibration: method = "mse", percentile } = request;
  if (cache === undefined) return run();
  const subject = {
    engine: engine.name,
    data: await data.digest(samples),
    method,
    ...(method === "percentile" && percentile !== undefined && { percentile }),
  };
  return cachedCalibration(cache, graph, subject, run);
}

function observe(
  graph: Graph,
  data: Dataset,
  samples: readonly number[],
  engine: Engine,
  request: QuantizeRequest,
): Promise<Calibration> {
  const sampleOf: number[] = [];
  const feeds = feedsOnData(graph, data, samples, {
    request,
    stage: "calibrate",
    note: (sample) => sampleOf.push(sample),
  });
  const { signal, percentile, calibration: method } = request;
  return calibrate(graph, engine, feeds, {
    sampleName: (inference) => data.sampleName(sampleOf[inference]),
    ...(signal && { signal }),
    ...(method && { method }),
    ...(percentile !== undefined && { percentile }),
  });
}

/** How the inputs of a float graph's weights vary together on the samples. */
export function collectProductsOnData(
  graph: Graph,
  data: Dataset,
  samples: readonly number[],
  engine: Engine,
  request: QuantizeRequest,
): Promise<CollectedProducts> {
  return collectProducts(graph, engine, feedsOnData(graph, data, samples, { request, stage: "observe inputs" }));
}

interface Feeding {
  readonly request: QuantizeRequest;
  /** What to call the work in its progress. */
  readonly stage: string;
  /** Called with the sample of each inference. */
  readonly note?: (sample: number) => void;
}

/** What the samples feed a graph with, one inference after the other. */
async function* feedsOnData(
  graph: Graph,
  data: Dataset,
  samples: readonly number[],
  { request: { signal, progress }, stage, note }: Feeding,
): AsyncGenerator<Inference> {
  const inputs = modelInputs(graph);
  for (const [done, sample] of samples.entries()) {
    for (const inference of await data.feeds(sample, inputs)) {
      signal?.throwIfAborted();
      note?.(sample);
      yield inference;
    }
    progress?.(stage, done + 1, samples.length);
  }
}

/** At most so many of the samples that the split leaves for calibration, evenly spread, in their order. Throws `quantize.no-calibration-data`. */
export function calibrationSamples(data: Dataset, most = defaultSamples): readonly number[] {
  const all = data.split.calibration;
  if (all.length === 0) {
    fail("quantize.no-calibration-data", "the data leaves no samples to calibrate with", {
      hint: "change `split` in dataset.json so that `calibration` names some samples",
    });
  }
  const count = Math.min(most, all.length);
  return Array.from({ length: count }, (_, index) => all[Math.floor((index * all.length) / count)]);
}
