import { dataTypeOf, readOnnx } from "@millrace/formats/onnx";
import { importOnnx, importTensor } from "@millrace/frontends/onnx";
import { type Graph, givenInputs, isFloat, numbersOf, type Tensor } from "@millrace/ir";
import { type Engine, referenceEngine } from "@millrace/runtime";
import { diagnosticsOf, load, prepare, write } from "@millrace/toolkit";
import type { Dataset, SuiteCase } from "./suite.ts";

/** What became of a case: the stored results, a diagnostic instead of results, other results, or an error that is our fault. */
export type Outcome =
  | { readonly kind: "equal" }
  | { readonly kind: "refused"; readonly code: string; readonly reason: string }
  | { readonly kind: "wrong"; readonly reason: string }
  | { readonly kind: "broken"; readonly reason: string };

/** The outcome in our interpreter, of the imported graph and of the TFLite file that it was written to and read from. */
export interface CaseResult {
  readonly name: string;
  readonly imported: Outcome;
  readonly converted: Outcome;
  /** Whether the file could only be written with values of inputs given, which are constants in it. */
  readonly needsValues: boolean;
}

/** Reals may differ from stored ones by this much, and by this share of their size, */
const absolute = 1e-5;
const relative = 1e-3;
/** or by this one where they are stored with 11 or with 8 bits, and were computed so. */
const coarse: Readonly<Record<string, number>> = { FLOAT16: 2 ** -9, BFLOAT16: 2 ** -6 };

type Feeds = ReadonlyMap<string, Tensor>;

/** Makes of a model, with values of its inputs that may become constants, a graph and an engine for it. */
type Way = (model: Uint8Array, values: Feeds) => { readonly graph: Graph; readonly engine: Engine };

export async function runCase({ name, model, datasets }: SuiteCase): Promise<CaseResult> {
  const imported = await outcomeOf(model, datasets, (bytes, values) => ({
    graph: importOnnx(readOnnx(bytes), { values }).graph,
    engine: referenceEngine(),
  }));
  if (imported.kind !== "equal") return { name, imported, converted: imported, needsValues: false };
  return { name, imported, ...(await runConverted({ name, model, datasets }, () => referenceEngine())) };
}

/** The outcome of a case in an engine for the TFLite file that it is written to. */
export async function runConverted(
  { model, datasets }: SuiteCase,
  engineFor: (file: Uint8Array) => Engine,
): Promise<Pick<CaseResult, "converted" | "needsValues">> {
  const way: Way = (bytes, values) => {
    const source = { name: "model.onnx", bytes };
    const file = write(prepare(load(source, { values }), { ioLayout: "source" }).graph, "tflite").bytes;
    return { graph: load({ name: "model.tflite", bytes: file }).graph, engine: engineFor(file) };
  };
  const alone = await outcomeOf(model, datasets, (bytes) => way(bytes, new Map()));
  if (alone.kind !== "refused") return { converted: alone, needsValues: false };
  const converted = await outcomeOf(model, datasets, way);
  return { converted, needsValues: converted.kind === "equal" };
}

async function outcomeOf(model: Uint8Array, datasets: readonly Dataset[], way: Way): Promise<Outcome> {
  try {
    for (const dataset of datasets) {
      const values = feedsOf(model, dataset);
      const { graph, engine } = way(model, values);
      const wrong = await compareGraph(graph, engine, values, dataset);
      if (wrong) return { kind: "wrong", reason: wrong };
    }
    return { kind: "equal" };
  } catch (error) {
    const first = diagnosticsOf(error)?.find(({ severity }) => severity === "error");
    if (first) return { kind: "refused", code: first.code, reason: first.message };
    return { kind: "broken", reason: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

function feedsOf(model: Uint8Array, { inputs }: Dataset): Feeds {
  const { graph } = readOnnx(model);
  const stored = new Set(graph.initializers.map(({ name }) => name));
  const wanted = graph.inputs.filter(({ name }) => !stored.has(name));
  return new Map(
    wanted.flatMap(({ name, type }, index) => {
      const input = inputs[index];
      return input && type?.tensor ? [[name, importTensor(input)] as const] : [];
    }),
  );
}

/** The first difference from the stored results, if there is one. */
async function compareGraph(
  graph: Graph,
  engine: Engine,
  feeds: Feeds,
  { outputs }: Dataset,
): Promise<string | undefined> {
  const prepared = await engine.prepare(graph);
  const results = await prepared.run(new Map(givenInputs(graph).map(({ name }) => [name, feeds.get(name)!])));
  await prepared.dispose();
  for (const [index, output] of outputs.entries()) {
    if (output === undefined) continue;
    const share = coarse[dataTypeOf(output.dataType) ?? ""] ?? relative;
    const difference = differenceOf(results.get(graph.outputs[index].name)!, importTensor(output), share);
    if (difference) return `output ${index}: ${difference}`;
  }
  return undefined;
}

function differenceOf(actual: Tensor, expected: Tensor, relative: number): string | undefined {
  const kind = ({ dtype, shape }: Tensor) => `${dtype}[${shape}]`;
  if (kind(actual) !== kind(expected)) return `${kind(actual)} instead of ${kind(expected)}`;
  const [left, right] = [numbersOf(actual), numbersOf(expected)];
  const [fixed, share] = isFloat(expected.dtype) ? [absolute, relative] : [0, 0];
  const at = Array.from(left).findIndex(
    (value, index) =>
      !Object.is(value, right[index]) && !(Math.abs(value - right[index]) <= fixed + share * Math.abs(right[index])),
  );
  return at < 0 ? undefined : `element ${at} is ${left[at]} instead of ${right[at]}`;
}
