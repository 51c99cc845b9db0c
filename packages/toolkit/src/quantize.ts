import type { Diagnostic, Graph } from "@millrace/ir";
import {
  analyzeLayers,
  type Calibration,
  type CalibrationMethod,
  type CollectedProducts,
  correctBiases,
  inputRangeWarnings,
  type LayerAnalysis,
  type Likeness,
  needsCalibration,
  noCalibration,
  type PairedFeeds,
  type QuantizedGraph,
  type QuantizeOptions,
  quantizeGraphInSteps,
  type RecoveryName,
  type Rounding,
  requireFiniteWeights,
  type Scheme,
  type SchemeName,
  type Seen,
  schemes,
} from "@millrace/quantize";
import { type Engine, wasmEngine } from "@millrace/runtime";
import { calibrateOnData, calibrationSamples, collectProductsOnData } from "./calibrate-on-data.ts";
import type { CalibrationCache } from "./calibration-cache.ts";
import type { Dataset } from "./data/dataset.ts";
import type { Runnable } from "./evaluate.ts";
import type { Progress } from "./progress.ts";
import { likenessFor, likenessWarnings, withoutSamplesNotes } from "./quantize-like.ts";
import { feedsOf, modelInputs } from "./real-values.ts";
import { recover } from "./recover.ts";
import type { RecoveryReport } from "./report.ts";

export interface QuantizeRequest extends QuantizeOptions, Progress {
  /** Where calibrations are kept, so that another run on the same samples needs none. */
  readonly cache?: CalibrationCache;
  /**
   * An integer graph of the same network, such as a quantized file from before its float twin was trained again: types and parameters of activations are
   * taken from it, in the place of what `scheme`, `symmetric`, `perTensor` and `io` say. Samples are needed only where a value has no twin there.
   */
  readonly like?: Graph;
  /** What to call the model's file in diagnostics; the graph's name by default. */
  readonly model?: string;
  /** Most calibration samples to use; all that the data's split names by default, at most 100. */
  readonly samples?: number;
  /** How the ranges of 8-bit activations are chosen; `mse` by default. */
  readonly calibration?: CalibrationMethod;
  /** Changes of the float graph that make it lose less in integers; none by default. */
  readonly recover?: readonly RecoveryName[];
  /** How weights become integers: each the nearest one, or so that errors cancel on the samples; `compensated` by default where some of 4 bits meet integers, else `nearest`. */
  readonly rounding?: Rounding;
  /** Measures on the samples what each layer is off by in the mean, and takes that out of its bias too; no by default. Not for graphs with states. */
  readonly measuredBiases?: boolean;
  /** Runs the integer graph; the WebAssembly engine by default. */
  readonly integerEngine?: Engine;
  /** How much of the numbers the method `percentile` keeps, in percent; 99.99 by default. */
  readonly percentile?: number;
}

export interface QuantizeResult extends QuantizedGraph {
  /** The float graph that was quantized, with the changes that were asked for. */
  readonly float: Graph;
  readonly recoveries: readonly RecoveryReport[];
  readonly calibration: Calibration;
  /** Stored samples that were used. */
  readonly samples: number;
  /** What was taken from the graph that it was to be like. */
  readonly likeness?: Likeness | undefined;
}

/**
 * Calibrates a float graph on the data by `engine`, where its scheme needs that, and returns its form by the scheme. Throws a DiagnosticError for what can't
 * be quantized so.
 */
export async function quantize(
  source: Graph,
  data: Dataset,
  engine: Engine,
  request: QuantizeRequest = {},
): Promise<QuantizeResult> {
  requireFiniteWeights(source, request.model ?? source.name);
  const likeness = likenessFor(source, request);
  const isBlind = likeness !== undefined && data.split.calibration.length === 0;
  if (isBlind) return withoutCalibration(source, request, likeness, undefined);
  if (likeness === undefined && !needsCalibration(source, request))
    return withoutCalibration(source, request, undefined, await productsOnly(source, data, engine, request));
  const chosen = calibrationSamples(data, request.samples);
  const { graph: float, recoveries } = await recover(source, request.recover ?? [], (graph) =>
    calibrateOnData(graph, data, chosen, engine, { ...request, calibration: "minmax" }),
  );
  const calibration = await calibrateOnData(float, data, chosen, engine, request);
  const rounding = roundingOf(request, likeness);
  const seen = rounding === "nearest" ? undefined : await collectProductsOnData(float, data, chosen, engine, request);
  const quantized = await integerForm(float, { ...calibration, ...seen, likeness }, { ...request, rounding });
  const hasStates = quantized.graph.states.length > 0;
  if (request.measuredBiases && !hasStates) {
    const integers = { graph: quantized.graph, engine: request.integerEngine ?? wasmEngine() };
    const feeds = pairedFeeds(float, integers.graph, data, chosen, { request, stage: "correct biases" });
    await correctBiases({ graph: float, engine }, integers, feeds);
  }
  const diagnostics = [
    ...inputRangeWarnings(float, calibration.extremes),
    ...likenessWarnings(quantized.graph, request, likeness, calibration),
    ...calibration.diagnostics,
    ...(seen?.diagnostics ?? []),
    ...quantized.diagnostics,
    ...(request.measuredBiases && hasStates ? [biasesUnmeasured] : []),
  ];
  return { ...quantized, diagnostics, float, recoveries, calibration, samples: chosen.length, likeness };
}

/** Shows how far the rounding is where it goes by what samples have shown, which takes time. */
function integerForm(float: Graph, seen: Seen, request: QuantizeRequest): Promise<QuantizedGraph> {
  const { signal, progress } = request;
  const total = [...float.nodes()].length;
  return quantizeGraphInSteps(float, seen, request, {
    ...(signal && { signal }),
    ...(progress && seen.products && { progress: (done) => progress("round weights", done, total) }),
  });
}

const biasesUnmeasured: Diagnostic = {
  code: "quantize.biases-unmeasured",
  severity: "warning",
  message: "the biases are not corrected by what samples show: the model keeps states, so its layers can't run alone",
  hint: "leave --bias-correction empirical out",
};

/** The schemes of all layers. */
function schemesOf({ scheme = "int8", layers = [] }: QuantizeRequest, likeness?: Likeness): readonly Scheme[] {
  const names = [...(likeness?.schemes.values() ?? [scheme]), ...layers.map((layer) => layer.scheme)];
  return names.map((name) => schemes[name]);
}

function roundingOf(request: QuantizeRequest, likeness: Likeness | undefined): Rounding {
  const halfBytes = schemesOf(request, likeness).some(
    ({ activations, weights }) => activations !== "f32" && weights === "i4",
  );
  return request.rounding ?? (halfBytes ? "compensated" : "nearest");
}

interface ProductsOfSamples extends CollectedProducts {
  /** Samples that were used. */
  readonly samples: number;
}

/** What samples tell of the inputs of integer weights where nothing else is asked of them. */
async function productsOnly(
  source: Graph,
  data: Dataset,
  engine: Engine,
  request: QuantizeRequest,
): Promise<ProductsOfSamples | undefined> {
  const rounded = schemesOf(request).some(({ weights }) => weights === "i8" || weights === "i4");
  if (request.rounding !== "compensated" || !rounded) return undefined;
  const chosen = calibrationSamples(data, request.samples);
  return { ...(await collectProductsOnData(source, data, chosen, engine, request)), samples: chosen.length };
}

/** The form of a graph whose activations all stay real, or have parameters that are given: no recovery is for it. */
async function withoutCalibration(
  source: Graph,
  request: QuantizeRequest,
  likeness: Likeness | undefined,
  compensation: ProductsOfSamples | undefined,
): Promise<QuantizeResult> {
  const result = await integerForm(source, { ...noCalibration, ...compensation, likeness }, request);
  const { recover = [], rounding, measuredBiases, scheme = "int8" } = request;
  const unused = [
    ...recover,
    ...(rounding === undefined || rounding === "nearest" || compensation ? [] : [`${rounding} rounding`]),
    ...(measuredBiases ? ["empirical bias correction"] : []),
  ];
  const unusedNotes = unused.length > 0 ? [recoveryUnused(unused, scheme)] : [];
  const diagnostics = [
    ...likenessWarnings(result.graph, request, likeness, noCalibration),
    ...(compensation?.diagnostics ?? []),
    ...result.diagnostics,
    ...(likeness ? withoutSamplesNotes(unused, request.biasCorrection) : unusedNotes),
  ];
  const samples = compensation?.samples ?? 0;
  return { ...result, diagnostics, float: source, recoveries: [], calibration: noCalibration, samples, likeness };
}

function recoveryUnused(names: readonly string[], scheme: SchemeName): Diagnostic {
  return {
    code: "quantize.recovery-unused",
    severity: "warning",
    message: `${names.join(" and ")} had no effect: with the scheme ${scheme} all activations stay real numbers`,
    hint: "leave the recovery out, or choose a scheme with integer activations, such as int8",
  };
}

/** What each integer result loses against the float one, in the whole graph and by itself, on up to `samples` test samples. */
export async function layerErrors(
  reference: Runnable,
  quantized: Runnable,
  data: Dataset,
  options: Progress & { readonly samples?: number } = {},
): Promise<readonly LayerAnalysis[]> {
  const most = options.samples ?? 8;
  const chosen = (data.split.test.length > 0 ? data.split.test : data.split.calibration).slice(0, most);
  const feeds = pairedFeeds(reference.graph, quantized.graph, data, chosen, {
    request: options,
    stage: "compare layers",
  });
  return analyzeLayers(reference, quantized, feeds);
}

/** What the first inference of each sample feeds both graphs with. */
async function* pairedFeeds(
  reference: Graph,
  quantized: Graph,
  data: Dataset,
  samples: readonly number[],
  { request: { signal, progress }, stage }: { readonly request: Progress; readonly stage: string },
): AsyncGenerator<PairedFeeds> {
  for (const [done, sample] of samples.entries()) {
    signal?.throwIfAborted();
    const floats = await data.feeds(sample, modelInputs(reference));
    const integers = await data.feeds(sample, modelInputs(quantized));
    yield { reference: feedsOf(reference, floats[0]), quantized: feedsOf(quantized, integers[0]) };
    progress?.(stage, done + 1, samples.length);
  }
}
