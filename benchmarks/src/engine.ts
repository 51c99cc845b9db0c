import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createLiteRt, type TfliteRunner } from "@millrace/devices/node";
import { inspect, type LoadedModel, load, wasmEngine, write } from "@millrace/toolkit";
import { median, type Row, row } from "./row.ts";

const assets = new URL("../../../shared/assets/", import.meta.url);

const models: Readonly<Record<string, string>> = {
  KWS: "mlperf_tiny_models/kws_ref_model.tflite",
  ResNet8: "mlperf_tiny_models/pretrainedResnet_quant.tflite",
  VWW: "mlperf_tiny_models/vww_96_int8.tflite",
  AD: "mlperf_tiny_models/ad01_int8.tflite",
  "person detection": "tflm/person_detect.tflite",
  "MobileNetV1 0.25": "tflite_zoo/mobilenet_v1_0.25_224_quant.tflite",
  MobileNetV2: "tflite_zoo/mobilenet_v2_1.0_224_quant_uint8.tflite",
};

/** Milliseconds of one measurement of several runs: less than a thread keeps a shared core; and how many there are. */
const slice = 2;
const rounds = 151;

type Run = () => Promise<unknown>;

async function elapsed(run: Run, times: number): Promise<number> {
  const start = performance.now();
  for (let time = 0; time < times; time++) await run();
  return (performance.now() - start) / times;
}

/** Medians of one run's milliseconds, each taken in turns with the others. */
async function interleaved(runs: readonly Run[]): Promise<readonly number[]> {
  const times: number[] = [];
  for (const run of runs) {
    await elapsed(run, 20);
    times.push(Math.max(1, Math.ceil(slice / (await elapsed(run, 10)))));
  }
  const measured: number[][] = runs.map(() => []);
  for (let round = 0; round < rounds; round++)
    for (const [index, run] of runs.entries()) measured[index].push(await elapsed(run, times[index]));
  return measured.map(median);
}

/** Bytes that look like data, the same in every run. */
function someBytes(count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, at) => (at * 2654435761) >>> 24);
}

/** The model in LiteRT.js, which refuses some files that earlier converters wrote; then as we would write it. */
async function loadPeer(model: LoadedModel, bytes: Uint8Array): Promise<{ against: string; runner: TfliteRunner }> {
  const runtime = await createLiteRt();
  try {
    return { against: "LiteRT.js", runner: await runtime.load(bytes) };
  } catch {
    const written = write(model.graph, "tflite");
    return { against: "LiteRT.js, file rewritten", runner: await runtime.load(written.bytes) };
  }
}

async function compareModel(name: string, bytes: Uint8Array): Promise<Row & { readonly rate: number }> {
  const model = load({ name: "model.tflite", bytes });
  const { graph } = model;
  const { against, runner } = await loadPeer(model, bytes);
  const [input] = graph.inputs;
  const data = someBytes(runner.inputs[0].byteLength);
  const prepared = await wasmEngine().prepare(graph);
  const shape = input.type.shape as readonly number[];
  const stored = input.type.dtype === "i8" ? new Int8Array(data.buffer) : data;
  const feeds = new Map([[input.name, { dtype: input.type.dtype, shape, data: stored }]]);
  const [ours, theirs] = await interleaved([() => prepared.run(feeds), () => runner.run([data])]);
  runner.dispose();
  return { ...row(name, ours, theirs, against, "ms"), rate: inspect(model).macs / ours / 1e6 };
}

/** Our engine beside LiteRT.js with XNNPACK, one thread, batch 1; also GMAC/s, and the geometric mean of the ratios. */
export async function compareEngines(): Promise<readonly Row[] | { readonly skipped: string }> {
  if (!existsSync(assets)) return { skipped: "the models are not here" };
  const rows: Row[] = [];
  for (const [name, path] of Object.entries(models)) {
    const { rate, ...measured } = await compareModel(
      name,
      new Uint8Array(readFileSync(fileURLToPath(new URL(path, assets)))),
    );
    rows.push({ ...measured, name: `${name} (${rate.toFixed(1)} GMAC/s)` });
  }
  const mean = Math.exp(rows.reduce((sum, { ratio }) => sum + Math.log(ratio), 0) / rows.length);
  return [
    ...rows,
    { name: "geometric mean of ratios", ours: 1, peer: mean, against: "LiteRT.js", unit: "", ratio: mean },
  ];
}
