import { cloneGraph, type Diagnostic, fail, type Graph } from "@millrace/ir";
import { type Machine, type NpuOptions, type ProcessorKernels, withKernels } from "@millrace/npu";
import { noCalibration, type SchemeName } from "@millrace/quantize";
import { type Engine, wasmEngine } from "@millrace/runtime";
import { type Advice, advise } from "./advice/advise.ts";
import { type Recipe, recipeOf } from "./advice/recipe.ts";
import { compilationReport } from "./compile-report.ts";
import { type CompiledFiles, compiledFiles } from "./compiled-files.ts";
import { defaultLayout, type TargetFormat } from "./convert.ts";
import type { Dataset } from "./data/dataset.ts";
import { usableLabels } from "./evaluate.ts";
import { macsOf, parametersOf } from "./inspect.ts";
import { type LoadedModel, type LoadOptions, load, type ModelSource, stemOf } from "./load.ts";
import { measureCompiled } from "./measure-compiled.ts";
import { memoryOf, memoryProblems } from "./memory.ts";
import { type Acceleration, accelerate } from "./npu/accelerate.ts";
import { conversionNotices, converterInput, requireBackend, type VendorBackendName } from "./npu/vendor-backend.ts";
import { type IoLayout, isQuantized, type PrepareOptions, prepare } from "./prepare.ts";
import { Stopwatch } from "./progress.ts";
import { type QuantizeRequest, type QuantizeResult, quantize } from "./quantize.ts";
import { randomWarning } from "./random-data.ts";
import { type MemoryReduction, reduceMemory } from "./reduce-memory.ts";
import type { Output, Report } from "./report.ts";
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
  const form = formFor(request);
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
  const built = await build(model, result, options, watch);
  const measured =
    options.measure === false
      ? undefined
      : await watch.time("evaluate", () => measureCompiled(float, result, data, options));
  const memory = await watch.time("memory", () =>
    memoryOf(built.reduction.written ?? result.graph, { ...options, ...built.files }, built.reduction.formerPeakBytes),
  );
  const report = await compilationReport({
    ...built,
    model,
    macs: macsOf(float),
    parameters,
    memory,
    calibration: result.calibration === noCalibration ? "none" : (options.calibration ?? "mse"),
    random: data.random,
    advice,
    like: asked.like?.name,
    result,
    measured,
    diagnostics: [
      ...randomWarning(data),
      ...prepared.diagnostics,
      ...result.diagnostics,
      ...built.diagnostics,
      ...(measured?.diagnostics ?? []),
      ...memoryProblems(result.graph),
    ],
    timings: watch.times,
  });
  return { outputs: built.files.files, report, recipe: recipeOf(options), float, quantized: result.graph };
}

/** The form that quantizer and target want the graph in. Throws where a back end was asked for that has no place in the target. */
function formFor({ to = "tflite", backend, machine, ioLayout }: CompileOptions): PrepareOptions {
  if (backend) requireBackend(backend, to, machine);
  return { ioLayout: ioLayout ?? defaultLayout(to), unrolled: true, spelled: true, fused: machine !== undefined };
}

interface Built {
  readonly scheme: SchemeName;
  readonly files: CompiledFiles;
  readonly reduction: MemoryReduction;
  readonly acceleration: Acceleration | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** Fits the integer graph into the memory and on the machine that were asked for, and writes it. */
async function build(
  model: LoadedModel,
  result: QuantizeResult,
  options: CompileOptions,
  watch: Stopwatch,
): Promise<Built> {
  const { to = "tflite", backend } = options;
  const reduction = reduceMemory(result.graph, to === "tflite" ? options.memoryBytes : undefined);
  const kernels = options.kernels ?? (to === "pte" ? "portable" : "integer");
  const machine = options.machine && withKernels(options.machine, kernels);
  const acceleration =
    machine &&
    (await watch.time("accelerate", () => accelerate(result.graph, machine, options.npu, backend && converterInput)));
  const scheme = result.likeness?.scheme ?? options.scheme ?? "int8";
  const naming = { stem: options.stem ?? stemOf(model.name), scheme, to, ...(backend && { backend }) };
  const files = await watch.time("write", () =>
    tellingPlaces(model, () => compiledFiles(model.graph, reduction.graph, naming, acceleration)),
  );
  const diagnostics = [
    ...reduction.diagnostics,
    ...(acceleration?.diagnostics ?? []),
    ...(acceleration && backend ? conversionNotices(backend, acceleration) : []),
  ];
  return { scheme, files, reduction, acceleration, diagnostics };
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
