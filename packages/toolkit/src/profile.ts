import {
  bitsOf,
  cloneGraph,
  type Diagnostic,
  elementCount,
  type Graph,
  isStatic,
  type Node,
  type Value,
} from "@millrace/ir";
import { bindDimensions, remainingTransposes, runPasses } from "@millrace/passes";
import type { Engine, PreparedGraph } from "@millrace/runtime";
import type { Dataset, Inference } from "./data/dataset.ts";
import { macsOf, operatorCounts, parametersOf } from "./inspect.ts";
import { type Latency, meanOf, median, type OperatorTime, standardDeviation } from "./latency.ts";
import type { LoadedModel } from "./load.ts";
import { memoryOf, memoryProblems } from "./memory.ts";
import { type Progress, Stopwatch } from "./progress.ts";
import { feedsOf, modelInputs } from "./real-values.ts";
import type { Report } from "./report.ts";
import { syntheticInputs } from "./synthetic-inputs.ts";

export interface ProfileOptions extends Progress {
  readonly engine: Engine;
  /** What the engine runs on, as the report calls it. */
  readonly device: string;
  /** Measured inferences; 10 by default. */
  readonly runs?: number;
  /** Inferences before them; 1 by default. */
  readonly warmup?: number;
  /** Samples to run on; pseudo-random numbers without it. */
  readonly data?: Dataset;
}

/** Inferences of real data that runs take turns with. */
const mostInferences = 16;

/**
 * Measures how long an engine takes for one inference of a model's graph as it is, and for each of its nodes where the engine can
 * tell. Sizes that the model leaves open are 1. The report says nothing about any device but the one it was taken on.
 */
export async function profile(
  model: LoadedModel,
  options: ProfileOptions,
): Promise<Report & { readonly latency: Latency }> {
  const watch = new Stopwatch();
  const { graph, diagnostics } = withKnownSizes(model.graph);
  const prepared = await watch.time("prepare", () => options.engine.prepare(graph));
  let latency: Latency;
  try {
    const inferences = await inferencesFor(graph, options.data);
    latency = await watch.time("measure", () => measure(graph, prepared, inferences, options));
  } finally {
    await prepared.dispose();
  }
  const memory = await watch.time("memory", () => memoryOf(graph, options));
  const { name: source, format, bytes } = model;
  return {
    model: { source, format, bytes, macs: macsOf(graph), parameters: parametersOf(graph) },
    artifacts: [],
    graph: { operators: operatorCounts(graph), transposes: remainingTransposes(graph).length },
    latency,
    ...(memory && { memory }),
    diagnostics: [
      ...model.diagnostics,
      ...diagnostics,
      ...memoryProblems(graph),
      ...(options.data ? [] : [syntheticNote]),
    ],
    timings: watch.times,
  };
}

const syntheticNote: Diagnostic = {
  code: "profile.synthetic-inputs",
  severity: "info",
  message: "the model ran on pseudo-random numbers",
  hint: "give --data where the time depends on the numbers",
};

function withKnownSizes(graph: Graph): { readonly graph: Graph; readonly diagnostics: readonly Diagnostic[] } {
  if (graph.inputs.every(({ type }) => isStatic(type.shape))) return { graph, diagnostics: [] };
  const { graph: copy } = cloneGraph(graph);
  return { graph: copy, diagnostics: runPasses(copy, [bindDimensions()]).diagnostics };
}

async function inferencesFor(graph: Graph, data: Dataset | undefined): Promise<readonly Inference[]> {
  if (data === undefined) return [syntheticInputs(graph)];
  const samples = data.split.test.length > 0 ? data.split.test : data.split.calibration;
  const inferences: Inference[] = [];
  for (const sample of samples.slice(0, mostInferences))
    inferences.push(...(await data.feeds(sample, modelInputs(graph))));
  return inferences.slice(0, mostInferences).map((inference) => feedsOf(graph, inference));
}

async function measure(
  graph: Graph,
  prepared: PreparedGraph,
  inferences: readonly Inference[],
  { engine, device, runs = 10, warmup = 1, signal, progress }: ProfileOptions,
): Promise<Latency> {
  const times: number[] = [];
  const byNode = new Map<Node, number[]>();
  const onNode = (node: Node, milliseconds: number) => byNode.set(node, [...(byNode.get(node) ?? []), milliseconds]);
  for (let run = 0; run < warmup + runs; run++) {
    signal?.throwIfAborted();
    const feeds = inferences[run % inferences.length];
    const before = performance.now();
    await prepared.run(feeds);
    times.push(performance.now() - before);
    if (run >= warmup && (run === warmup || byNode.size > 0)) await prepared.run(feeds, { onNode });
    progress?.("measure", run + 1, warmup + runs);
    await new Promise((resume) => setTimeout(resume));
  }
  const [before, measured] = [times.slice(0, warmup), times.slice(warmup)];
  return {
    target: device,
    engine: engine.name,
    basis: "measured on this host",
    runs,
    warmup,
    ms: median(measured),
    meanMs: meanOf(measured),
    stdDevMs: standardDeviation(measured),
    firstMs: times[0],
    ...(warmup > 0 && { warmupMs: meanOf(before) }),
    ...(byNode.size > 0 && { perOperator: operatorTimes(graph, byNode) }),
  };
}

function operatorTimes(graph: Graph, byNode: ReadonlyMap<Node, readonly number[]>): readonly OperatorTime[] {
  return [...graph.nodes()].flatMap((node, id) => {
    const { name, op, inputs, outputs, attributes, origin } = node;
    const times = byNode.get(node);
    if (times === undefined) return [];
    const read = new Set(inputs.filter((value) => value !== undefined));
    return {
      id,
      name,
      op: op.name,
      unit: "cpu" as const,
      us: median(times) * 1000,
      macs: op.cost(inputs, outputs, attributes).macs,
      readBytes: bytesOf(read),
      writeBytes: bytesOf(outputs),
      origin,
    };
  });
}

/** Bytes of values as they lie in memory, each element in whole bytes. */
function bytesOf(values: Iterable<Value>): number {
  let bytes = 0;
  for (const { type } of values) {
    if (isStatic(type.shape)) bytes += elementCount(type.shape) * Math.ceil(bitsOf(type.dtype) / 8);
  }
  return bytes;
}
