import { availableParallelism } from "node:os";
import { startNodeThread } from "@millrace/devices/node";
import type { Graph } from "@millrace/ir";
import { type Engine, load, type PreparedGraph, threadedEngine, wasmEngine } from "@millrace/toolkit";
import { engineModels, feedsOf } from "./engine-models.ts";
import { type Benchmark, median, row } from "./row.ts";

const rounds = 5;
const roundMilliseconds = 500;

/** Time for a sample of a batch that runs in as many threads as there are processors, beside the engine alone. */
export const compareThreads: Benchmark = async () => {
  const models = engineModels();
  if (models === undefined) return { skipped: "needs ../shared/assets" };
  const threads = availableParallelism();
  const threaded = threadedEngine({ engine: "wasm", threads, start: startNodeThread });
  const rows = [];
  for (const [name, bytes] of models) {
    const { graph } = load({ name: `${name}.tflite`, bytes });
    const [ours, peer] = await sampleTimes(graph, [threaded, wasmEngine()]);
    rows.push(row(`${threads} threads ${name}`, ours, peer, "one thread", "ms"));
  }
  return rows;
};

/** Median time for a sample with each engine, measured in turns. */
async function sampleTimes(graph: Graph, engines: readonly Engine[]): Promise<readonly number[]> {
  const prepared = await Promise.all(engines.map((engine) => engine.prepare(graph)));
  const times: number[][] = engines.map(() => []);
  const batch = Math.ceil(roundMilliseconds / (await batchTime(prepared[1], graph, 10)));
  for (let round = 0; round < rounds; round++) {
    for (const [index, each] of prepared.entries()) times[index].push(await batchTime(each, graph, batch));
  }
  await Promise.all(prepared.map((each) => each.dispose()));
  return times.map(median);
}

/** Milliseconds for each of `count` samples. */
async function batchTime(prepared: PreparedGraph, graph: Graph, count: number): Promise<number> {
  const feeds = feedsOf(graph);
  const begin = performance.now();
  await Promise.all(Array.from({ length: count }, () => prepared.run(feeds)));
  return (performance.now() - begin) / count;
}
