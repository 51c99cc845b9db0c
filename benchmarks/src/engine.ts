import { createLiteRt, type TfliteRunner } from "@millrace/devices/node";
import { inspect, type LoadedModel, load, wasmEngine, write } from "@millrace/toolkit";
import { engineModels, feedsOf } from "./engine-models.ts";
import { packedPeak } from "./packed-peak.ts";
import { type Benchmark, median, type Row, row } from "./row.ts";

/** Milliseconds of several runs that are measured together: less than a thread keeps a shared core. */
const slice = 1;
/** A round takes the best of so many slices, which other work on the machine hardly reaches. */
const slices = 5;
const rounds = 31;

type Run = () => Promise<unknown>;

async function elapsed(run: Run, times: number): Promise<number> {
  const start = performance.now();
  for (let time = 0; time < times; time++) await run();
  return (performance.now() - start) / times;
}

async function best(run: Run, times: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let count = 0; count < slices; count++) least = Math.min(least, await elapsed(run, times));
  return least;
}

/** Medians of one run's milliseconds, each round taken in turns with the others. */
export async function interleaved(runs: readonly Run[]): Promise<readonly number[]> {
  const times: number[] = [];
  for (const run of runs) {
    await elapsed(run, 20);
    times.push(Math.max(1, Math.ceil(slice / (await best(run, 4)))));
  }
  const measured: number[][] = runs.map(() => []);
  for (let round = 0; round < rounds; round++)
    for (const [index, run] of runs.entries()) measured[index].push(await best(run, times[index]));
  return measured.map(median);
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

interface Comparison extends Row {
  /** Multiply-accumulates of ours in 10^9 a second. */
  readonly rate: number;
}

async function compareModel(name: string, bytes: Uint8Array): Promise<Comparison> {
  const model = load({ name: "model.tflite", bytes });
  const { graph } = model;
  const { against, runner } = await loadPeer(model, bytes);
  const feeds = feedsOf(graph);
  const { buffer, byteOffset, byteLength } = [...feeds.values()][0].data;
  const data = new Uint8Array(buffer, byteOffset, byteLength);
  const prepared = await wasmEngine().prepare(graph);
  const [ours, theirs] = await interleaved([() => prepared.run(feeds), () => runner.run([data])]);
  runner.dispose();
  return { ...row(name, ours, theirs, against, "ms"), rate: inspect(model).macs / ours / 1e6 };
}

/**
 * Our engine beside LiteRT.js with XNNPACK, one thread, batch 1; also GMAC/s, the share of the peak of a packed matrix product, and the
 * geometric mean of the ratios.
 */
export const compareEngines: Benchmark = async () => {
  const models = engineModels();
  if (models === undefined) return { skipped: "the models are not here" };
  const peak = await packedPeak();
  const rows: Row[] = [];
  for (const [name, bytes] of models) {
    const { rate, ...measured } = await compareModel(name, bytes);
    const share = `${Math.round((100 * rate) / peak)} % of peak`;
    rows.push({ ...measured, name: `${name} (${rate.toFixed(1)} GMAC/s, ${share})` });
  }
  const mean = Math.exp(rows.reduce((sum, { ratio }) => sum + Math.log(ratio), 0) / rows.length);
  return [
    row("packed product's peak", peak, peak, "itself", "GMAC/s"),
    ...rows,
    { name: "geometric mean of ratios", ours: 1, peer: mean, against: "LiteRT.js", unit: "", ratio: mean },
  ];
};
