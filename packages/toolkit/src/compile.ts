import { cloneGraph, type Diagnostic, fail, type Graph } from "@millrace/ir";
import { type Machine, type NpuOptions, type ProcessorKernels, withKernels } from "@millrace/npu";
import { type CalibrationMethod, findingsOf, noCalibration, type SchemeName } from "@millrace/quantize";
import { type Engine, wasmEngine } from "@millrace/runtime";
import { type Advice, advise } from "./advice/advise.ts";
import { type Recipe, recipeOf } from "./advice/recipe.ts";
import { defaultLayout, type TargetFormat, type Written, write } from "./convert.ts";
import type { Dataset } from "./data/dataset.ts";
import type { RandomNumbers } from "./data/random.ts";
import { evaluate, usableLabels } from "./evaluate.ts";
import { guessingProblem } from "./guessing.ts";
import { macsOf, parametersOf } from "./inspect.ts";
import { bySensitivity, layerReports, likeReport } from "./layer-reports.ts";
import { type LoadedModel, type LoadOptions, load, type ModelSource, stemOf } from "./load.ts";
import { memoryOf, memoryProblems } from "./memory.ts";
import { type Acceleration, accelerate } from "./npu/accelerate.ts";
import {
  conversionNotices,
  converterInput,
  edgeBackend,
  requireBackend,
  type VendorBackendName,
} from "./npu/vendor-backend.ts";
import { type IoLayout, isQuantized, type PrepareOptions, prepare } from "./prepare.ts";
import { type Progress, Stopwatch } from "./progress.ts";
import { layerErrors, type QuantizeRequest, type QuantizeResult, quantize } from "./quantize.ts";
import { randomWarning } from "./random-data.ts";
import { reduceMemory } from "./reduce-memory.ts";
import { type AdviceReport, artifactOf, type Output, type Report } from "./report.ts";
import { tellingPlaces } from "./source-places.ts";

export interface CompileOptions extends LoadOptions, QuantizeRequest {
  /** The file of the graph that the quantized one is to be like. */
  readonly likeModel?: ModelSource;
  /** What the data's metric may lose at most, in hundredths: the cheapest setting that keeps to it is looked for, from the one asked for on. */
  readonly accuracyDrop?: number;
  /** Runs the float graph for calibration and accuracy. */
  readonly floatEngine: Engine;
  readonly ioLayout?: IoLayout;
  /** Format of the files; `.tflite` by default. */
  readonly to?: TargetFormat;
  /** Name of the files without ending; the model's own by default. */
  readonly stem?: string;
  /** A machine whose array computes what it can; the first file then has its programs. Only in `.tflite` files. */
  readonly machine?: Machine;
  readonly npu?: NpuOptions;
  /** Whose kernels the processor beside the array has: in `.pte` files `portable` by default, else `integer`. */
  readonly kernels?: ProcessorKernels;
  /** Whose converter the delegates of a `.pte` file are input for; without it they have programs of Millrace's own. */
  readonly backend?: VendorBackendName;
  /** Bytes that activations of a `.tflite` file should take at most; its layers are computed in patches where they take more. */
  readonly memoryBytes?: number;
  /** Whether accuracy and layer errors are measured; yes by default. */
  readonly measure?: boolean;
}

/** Files to write and the report of how they came about. The quantized model is the first file. */
export interface Compilation {
  readonly outputs: readonly Output[];
  readonly report: Report;
  /** What quantizes the model in the same way again. */
  readonly recipe: Recipe;
  readonly float: Graph;
  readonly quantized: Graph;
}

/** The whole journey to a quantized model, by default a microcontroller's `.tflite`: import, clean up, calibrate, quantize, write, measure. */
export async function compile(source: ModelSource, data: Dataset, request: CompileOptions): Promise<Compilation> {
  const watch = new Stopwatch();
  const to = request.to ?? "tflite";
  const { backend } = request;
  if (backend) requireBackend(backend, to, request.machine);
  const form = {
    ioLayout: request.ioLayout ?? defaultLayout(to),
    unrolled: true,
    spelled: true,
    fused: request.machine !== undefined,
  };
  const asked = withLike(request, form);
  const model = await watch.time("import", () => load(source, asked));
  const parameters = parametersOf(model.graph);
  const prepared = await watch.time("passes", () => prepare(model, form));
  const float = prepared.graph;
  const isAdvised = asked.accuracyDrop !== undefined && !isQuantized(float);
  if (asked.measure !== false || isAdvised) usableLabels(float, data);
  const advice = isAdvised ? await watch.time("advise", () => advised(float, data, source.name, asked)) : undefined;
  const options = { ...asked, ...advice?.request };
  const result = await watch.time("quantize", () => integerForm(float, data, source.name, options));
  const reduction = reduceMemory(result.graph, to === "tflite" ? options.memoryBytes : undefined);
  const kernels = options.kernels ?? (to === "pte" ? "portable" : "integer");
  const machine = options.machine && withKernels(options.machine, kernels);
  const acceleration =
    machine &&
    (await watch.time("accelerate", () => accelerate(result.graph, machine, options.npu, backend && converterInput)));
  const scheme = result.likeness?.scheme ?? options.scheme ?? "int8";
  const naming = { stem: options.stem ?? stemOf(source.name), scheme, to, ...(backend && { backend }) } as const;
  const outputs = await watch.time("write", () =>
    tellingPlaces(model, () => {
      const plain = writeBoth(float, reduction.graph, naming);
      return acceleration ? withPrograms(plain, acceleration, naming) : plain;
    }),
  );
  const measured =
    options.measure === false ? undefined : await watch.time("evaluate", () => measure(float, result, data, options));
  const memory = await watch.time("memory", () =>
    memoryOf(reduction.written ?? result.graph, { ...options, ...outputs }, reduction.formerPeakBytes),
  );
  const diagnostics = [
    ...randomWarning(data),
    ...prepared.diagnostics,
    ...result.diagnostics,
    ...reduction.diagnostics,
    ...(acceleration?.diagnostics ?? []),
    ...(acceleration && backend ? conversionNotices(backend, acceleration) : []),
    ...(measured?.diagnostics ?? []),
    ...memoryProblems(result.graph),
  ];
  const { calibration = "mse" } = options;
  const method = result.calibration === noCalibration ? "none" : calibration;
  const facts = {
    model,
    macs: macsOf(float),
    parameters,
    memory,
    scheme,
    calibration: method,
    random: data.random,
    advice,
    acceleration,
    like: asked.like?.name,
  } as const;
  const report = await reportOf(facts, result, outputs, measured, diagnostics, watch);
  return { outputs: outputs.files, report, recipe: recipeOf(options), float, quantized: result.graph };
}

/** The request with the graph of the model that the quantized one is to be like. */
function withLike({ likeModel, ...request }: CompileOptions, form: PrepareOptions): CompileOptions {
  return likeModel ? { ...request, like: prepare(load(likeModel), form).graph } : request;
}

function advised(
  float: Graph,
  data: Dataset,
  model: string,
  { accuracyDrop = 0, integerEngine = wasmEngine(), like, ...options }: CompileOptions,
): Promise<Advice> {
  if (like !== undefined)
    fail("advice.with-like", "an accuracy drop and a model to be like both decide how the model is quantized", {
      hint: "leave --accuracy-drop or --like out",
    });
  return advise(float, data, { ...options, model, integerEngine, accuracyDrop });
}

function adviceReport({ request: _, chosen, ...advice }: Advice): AdviceReport {
  return { ...advice, met: chosen.meets, chosen: chosen.setting };
}

/** A model that is already quantized is taken as it is. */
async function integerForm(
  float: Graph,
  data: Dataset,
  model: string,
  options: CompileOptions,
): Promise<QuantizeResult> {
  if (!isQuantized(float) || options.like) return quantize(float, data, options.floatEngine, { ...options, model });
  return {
    graph: cloneGraph(float).graph,
    float,
    recoveries: [],
    layers: [],
    diagnostics: [alreadyIntegers(model)],
    calibration: noCalibration,
    samples: 0,
  };
}

function alreadyIntegers(model: string): Diagnostic {
  return {
    code: "quantize.already-integers",
    severity: "info",
    message: `${model} is quantized already and is taken as it is, without regard to scheme, ranges and types of inputs and outputs`,
    hint: "give its float original to quantize it in another way",
  };
}

interface WrittenOutputs extends Pick<Written, "operators" | "transposes" | "arena"> {
  readonly files: readonly Output[];
}

interface Naming {
  readonly stem: string;
  readonly scheme: SchemeName;
  readonly to: TargetFormat;
  readonly backend?: VendorBackendName;
}

function writeBoth(float: Graph, quantized: Graph, { stem, scheme, to }: Naming): WrittenOutputs {
  const integers = write(quantized, to);
  const files: Output[] = [{ path: `${stem}_${scheme}.${to}`, kind: `${to}-${scheme}`, bytes: integers.bytes }];
  if (!isQuantized(float))
    files.push({ path: `${stem}_float.${to}`, kind: `${to}-float`, bytes: write(float, to).bytes });
  return { ...integers, files };
}

/** The model with programs first, as the main artifact, and the timeline last. */
function withPrograms(
  { files }: WrittenOutputs,
  { graph, compilation, trace }: Acceleration,
  { stem, to, backend }: Naming,
): WrittenOutputs {
  const { machine } = compilation;
  const { name } = machine;
  const { bytes, ...written } = write(graph, to, backend && { backend: edgeBackend(backend, machine) });
  const timeline = new TextEncoder().encode(JSON.stringify(trace));
  return {
    files: [
      { path: `${stem}_${name}.${to}`, kind: `${to}-${name}`, bytes },
      ...files,
      { path: `${stem}_${name}_trace.json`, kind: "trace", bytes: timeline },
    ],
    ...written,
  };
}

async function measure(float: Graph, result: QuantizeResult, data: Dataset, options: CompileOptions) {
  const reference = { graph: float, engine: options.floatEngine };
  const subject = { graph: result.graph, engine: options.integerEngine ?? wasmEngine() };
  const steps: Progress = options;
  const accuracy = await evaluate(subject, data, { ...steps, reference });
  const original =
    accuracy.metric === "cosine" || accuracy.metric === "mse" ? undefined : await evaluate(reference, data, steps);
  const errors = await layerErrors({ ...reference, graph: result.float }, subject, data, steps);
  const diagnostics = [
    ...accuracy.diagnostics,
    ...findingsOf(errors),
    ...(original ? guessingProblem(float, original) : []),
  ];
  return { accuracy, original, errors, diagnostics };
}

async function reportOf(
  facts: {
    readonly model: LoadedModel;
    readonly macs: number;
    readonly parameters: number;
    readonly memory: Report["memory"];
    readonly scheme: SchemeName;
    readonly calibration: CalibrationMethod | "none";
    readonly advice: Advice | undefined;
    readonly like: string | undefined;
    readonly random?: RandomNumbers | undefined;
    readonly acceleration: Acceleration | undefined;
  },
  result: QuantizeResult,
  outputs: WrittenOutputs,
  measured: Awaited<ReturnType<typeof measure>> | undefined,
  diagnostics: readonly Diagnostic[],
  watch: Stopwatch,
): Promise<Report> {
  const { model, macs, parameters, memory } = facts;
  const errors = measured?.errors ?? [];
  return {
    model: { source: model.name, format: model.format, bytes: model.bytes, macs, parameters },
    artifacts: await Promise.all(outputs.files.map(artifactOf)),
    graph: { operators: outputs.operators, transposes: outputs.transposes },
    quantization: {
      scheme: facts.scheme,
      calibration: facts.calibration,
      samples: result.samples,
      ...(facts.random && { random: facts.random }),
      ...(facts.like !== undefined && { like: likeReport(facts.like, result.layers) }),
      ...(facts.advice && { advice: adviceReport(facts.advice) }),
      ...(result.recoveries.length > 0 && { recoveries: result.recoveries }),
      layers: layerReports(result.layers, errors),
      ...(errors.length > 0 && { sensitivity: bySensitivity(errors) }),
    },
    ...(measured && { accuracy: accuracyOf(measured) }),
    ...(memory && { memory }),
    ...(facts.acceleration && {
      latency: facts.acceleration.latency,
      delegation: facts.acceleration.delegation,
    }),
    diagnostics,
    timings: watch.times,
  };
}

function accuracyOf({ accuracy, original }: Awaited<ReturnType<typeof measure>>): NonNullable<Report["accuracy"]> {
  const { metric, samples, value } = accuracy;
  const perfect = metric === "cosine" ? 1 : 0;
  return { metric, samples, float: original?.value ?? perfect, quantized: value };
}
