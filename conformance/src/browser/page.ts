import { type OnnxruntimeModule, onnxruntimeEngine } from "@millrace/devices/onnxruntime";
import {
  compile,
  datasetFromArrays,
  load,
  reportHtml,
  syntheticInputs,
  threadedEngine,
  wasmEngine,
  webThread,
} from "@millrace/toolkit";
import * as ort from "onnxruntime-web/wasm";

/** What the page gives back to the test. */
export interface PageResult {
  readonly files: readonly { readonly path: string; readonly bytes: readonly number[] }[];
  readonly report: string;
  readonly htmlLength: number;
}

/** Converts and quantizes a model whose inputs are image-like samples, all inside the page. */
async function convertHere(
  model: readonly number[],
  shape: readonly number[],
  samples: readonly number[],
): Promise<PageResult> {
  ort.env.wasm.numThreads = 1;
  const data = Float32Array.from(samples);
  const count = data.length / shape.reduce((a, b) => a * b, 1);
  const labels = new Array<number>(count).fill(0);
  const split = { calibration: "all", test: "all" } as const;
  const dataset = datasetFromArrays({ inputs: { "*": { shape, data } }, labels, metric: "top1", split });
  const floatEngine = onnxruntimeEngine(async () => ort as unknown as OnnxruntimeModule);
  const { outputs, report } = await compile({ name: "digits.onnx", bytes: Uint8Array.from(model) }, dataset, {
    floatEngine,
  });
  return {
    files: outputs.map(({ path, bytes }) => ({ path, bytes: [...bytes] })),
    report: JSON.stringify(report),
    htmlLength: reportHtml(report).length,
  };
}

/** The first output's numbers, from the engine in the page and from the same in two Web Workers, for inputs made up here. */
async function runInThreads(model: readonly number[]): Promise<readonly (readonly number[])[]> {
  const { graph } = load({ name: "model.tflite", bytes: Uint8Array.from(model) });
  const start = () => webThread(new Worker(new URL("./thread.ts", import.meta.url), { type: "module" }));
  const engines = [wasmEngine(), threadedEngine({ engine: "wasm", threads: 2, start })];
  const prepared = await Promise.all(engines.map((engine) => engine.prepare(graph)));
  const feeds = syntheticInputs(graph);
  const results = await Promise.all([prepared[0], prepared[1], prepared[1]].map((each) => each.run(feeds)));
  await Promise.all(prepared.map((each) => each.dispose()));
  return results.map((result) => Array.from(result.get(graph.outputs[0].name)!.data, Number));
}

Object.assign(globalThis, { convertHere, runInThreads });
