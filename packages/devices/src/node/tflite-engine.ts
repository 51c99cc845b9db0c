import {
  allocate,
  bytesOf,
  cloneGraph,
  type Diagnostic,
  DiagnosticError,
  elementCount,
  fail,
  type Graph,
  type Tensor,
  type Value,
  viewBytes,
} from "@millrace/ir";
import { bindFeeds, type Engine } from "@millrace/runtime";
import { exportTflite } from "@millrace/targets/tflite";
import type { TfliteRunner, TfliteRuntime } from "./tflite-runtime.ts";

/** What the engine did of its own accord: `tflite-runtime.converted`, `tflite-runtime.fallback`. */
type ReportTo = (diagnostics: readonly Diagnostic[]) => void;

export interface TfliteEngineOptions {
  /** The .tflite file that the graph was read from. Without it, and where inner values are wanted, the graph is written anew. */
  readonly file?: Uint8Array;
  readonly report?: ReportTo;
}

/**
 * Runs channel-last graphs of known shapes as .tflite files by the first of `runtimes` that takes them. A file of its own that none of them
 * takes is written anew. Throws what `exportTflite` refuses,
 * `tflite-runtime.states` for graphs with states, and the words of all runtimes if none takes the file.
 */
export function tfliteEngine(
  runtimes: readonly (() => Promise<TfliteRuntime>)[],
  { file, report = () => undefined }: TfliteEngineOptions = {},
): Engine {
  return {
    name: "litert",
    async prepare(graph, wanted = []) {
      refuseStates(graph);
      const inside = wanted.filter(({ producer }) => producer !== undefined);
      const results = [...new Set([...graph.outputs, ...inside])];
      const own = results.length === graph.outputs.length ? file : undefined;
      const runner = await loadByFirst(runtimes, own, () => written(graph, results, report), report);
      return {
        async run(feeds, { signal } = {}) {
          signal?.throwIfAborted();
          bindFeeds(graph, feeds);
          const stored = await runner.run(graph.inputs.map(({ name }) => bytesOf(feeds.get(name)!)));
          return new Map(results.map((value, index) => [value.name, tensorFrom(value, stored[index])]));
        },
        dispose: () => runner.dispose(),
      };
    },
  };
}

function refuseStates({ name, states }: Graph): void {
  if (states.length === 0) return;
  fail("tflite-runtime.states", `"${name}" keeps states from run to run, which a runtime does not show`, {
    hint: "run it with the wasm engine",
  });
}

function written(graph: Graph, results: readonly Value[], report: ReportTo): Uint8Array {
  const { graph: copy, values } = cloneGraph(graph);
  copy.setOutputs(results.map((value) => values.get(value)!));
  const { bytes } = exportTflite(copy);
  const message = `the model was converted to a .tflite file of ${bytes.length} bytes for the runtime`;
  report([{ code: "tflite-runtime.converted", severity: "info", message }]);
  return bytes;
}

/** The file as it is by one of the runtimes, else written anew by one of them; older converters wrote what runtimes no longer take. */
async function loadByFirst(
  runtimes: readonly (() => Promise<TfliteRuntime>)[],
  own: Uint8Array | undefined,
  write: () => Uint8Array,
  report: ReportTo,
): Promise<TfliteRunner> {
  const refusals: Diagnostic[] = [];
  for (const bytesOfFile of [...(own ? [() => own] : []), write]) {
    const file = bytesOfFile();
    for (const create of runtimes) {
      try {
        const runtime = await create();
        const runner = await runtime.load(file);
        if (refusals.length > 0) report(refusals.map(({ message }) => fallback(runtime.name, message)));
        return runner;
      } catch (error) {
        if (!(error instanceof DiagnosticError)) throw error;
        refusals.push(...error.diagnostics);
      }
    }
  }
  throw new DiagnosticError(refusals);
}

function fallback(runtime: string, message: string): Diagnostic {
  return {
    code: "tflite-runtime.fallback",
    severity: "warning",
    message: `${runtime} runs the model, since ${message}`,
  };
}

function tensorFrom({ name, type: { dtype, shape } }: Value, bytes: Uint8Array): Tensor {
  const sizes = shape as readonly number[];
  if (bytes.byteLength === elementCount(sizes) * allocate(dtype, 0).BYTES_PER_ELEMENT)
    return viewBytes(dtype, sizes, bytes);
  const message = `the runtime gave ${bytes.byteLength} bytes for "${name}", which is ${dtype}[${shape}]`;
  return fail("tflite-runtime.bad-output", message, {
    at: { value: name },
    hint: "the runtime settles shapes in its own way; compare with the reference engine",
  });
}
