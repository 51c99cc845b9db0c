import { readNpy, readNpz } from "@millrace/formats/npy";
import { type Graph, isStatic, type Tensor, verify } from "@millrace/ir";
import { type Engine, referenceEngine, wasmEngine } from "@millrace/runtime";
import {
  diagnosticsOf,
  inspect,
  isQuantized,
  type LoadedModel,
  load,
  prepare,
  syntheticInputs,
  write,
} from "@millrace/toolkit";

/** What became of a file: `ran` and `refused` are right, and so is `skipped`, a sound model of more work than a test can wait for. */
export interface Outcome {
  readonly kind: "ran" | "refused" | "skipped" | "crashed" | "unsound" | "mismatched" | "hung" | "memory";
  /** Code of the first diagnostic, or what went wrong. */
  readonly detail: string;
}

export const faults: readonly Outcome["kind"][] = ["crashed", "unsound", "mismatched", "hung", "memory"];

const mostMilliseconds = 1000;
const mostMacs = 1e8;
const mostElements = 1e6;

const arrayReaders: Readonly<Record<string, (bytes: Uint8Array) => unknown>> = { ".npy": readNpy, ".npz": readNpz };

/** Takes a file as far as it goes. Arrays are read; a model is imported, checked, prepared, written in both formats and run in both engines, which must agree. */
export async function outcomeOf(name: string, bytes: Uint8Array): Promise<Outcome> {
  try {
    const readArrays = arrayReaders[name.slice(-4)];
    if (readArrays === undefined) return await journey(name, bytes);
    readArrays(bytes);
    return { kind: "ran", detail: "" };
  } catch (error) {
    const [diagnostic] = diagnosticsOf(error) ?? [];
    if (diagnostic !== undefined) return { kind: "refused", detail: diagnostic.code };
    return { kind: "crashed", detail: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

async function journey(name: string, bytes: Uint8Array): Promise<Outcome> {
  const model = load({ name, bytes });
  const unsound = verify(model.graph);
  if (unsound.length > 0) return { kind: "unsound", detail: `as read: ${unsound[0].code} ${unsound[0].message}` };
  inspect(model);
  const graph = isQuantized(model.graph) ? model.graph : prepare(model).graph;
  const broken = verify(graph);
  if (broken.length > 0) return { kind: "unsound", detail: `prepared: ${broken[0].code} ${broken[0].message}` };
  const work = workOf(model, graph);
  if (work !== undefined) {
    await referenceEngine().prepare(graph);
    return { kind: "skipped", detail: work };
  }
  for (const format of ["tflite", "onnx"] as const) unlessRefused(() => write(graph, format));
  const feeds = syntheticInputs(graph);
  const expected = await resultsOf(graph, referenceEngine(), feeds, AbortSignal.timeout(mostMilliseconds));
  if (expected === undefined) return { kind: "skipped", detail: "a loop that does not end" };
  const actual = await resultsOf(graph, wasmEngine(), feeds);
  for (const [key, tensor] of expected)
    if (!equal(tensor, actual!.get(key)!)) return { kind: "mismatched", detail: `${key} differs between the engines` };
  return { kind: "ran", detail: "" };
}

/** Results by value name; undefined when the signal stopped the run. */
async function resultsOf(graph: Graph, engine: Engine, feeds: ReadonlyMap<string, Tensor>, signal?: AbortSignal) {
  const prepared = await engine.prepare(graph);
  try {
    return await prepared.run(feeds, signal ? { signal } : {});
  } catch (error) {
    if (!signal?.aborted) throw error;
    return undefined;
  } finally {
    await prepared.dispose();
  }
}

/** Why a graph is more than a test can wait for, if it is. */
function workOf(model: LoadedModel, graph: Graph): string | undefined {
  const values = [...graph.inputs, ...[...graph.nodes()].flatMap(({ outputs }) => outputs)];
  const elements = values.reduce(
    (sum, { type: { shape } }) => sum + (isStatic(shape) ? shape.reduce((a, b) => a * b, 1) : 0),
    0,
  );
  if (elements > mostElements) return "elements";
  return inspect(model).macs > mostMacs ? "macs" : undefined;
}

function unlessRefused(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (diagnosticsOf(error) === undefined) throw error;
  }
}

function equal(a: Tensor, b: Tensor): boolean {
  if (a.data.length !== b.data.length) return false;
  for (let at = 0; at < a.data.length; at++) if (!Object.is(a.data[at], b.data[at])) return false;
  return true;
}
