import { cloneGraph, elementCount, type Graph, isStatic, type Tensor, type Value } from "@millrace/ir";
import { mean, reduceMax, reduceMin } from "@millrace/ops";
import type { Engine } from "@millrace/runtime";
import { type Statistics, statisticsFrom, statisticsOf } from "./statistics.ts";

/** What one inference shows of a value; its numbers too where they were asked for. */
export interface Sight extends Statistics {
  readonly tensor?: Tensor;
}

/** Runs a graph and tells what its observed values were like. */
export interface Observation {
  run(feeds: ReadonlyMap<string, Tensor>): Promise<ReadonlyMap<Value, Sight>>;
  dispose(): Promise<void> | void;
}

/** Values of so many numbers at most are cheaper to take out of the engine than to reduce there. */
const fewNumbers = 4096;

/**
 * An observation that lets the engine reduce values to one number for each channel, so that little has to be read here. Their numbers are taken out
 * too where `wholly`, and of values that are seen not to be finite, in whose inferences the graph then runs again.
 */
export async function prepareObservation(
  graph: Graph,
  engine: Engine,
  observed: readonly Value[],
  wholly: boolean,
): Promise<Observation> {
  const whole = new Set(wholly || graph.states.length > 0 ? observed : []);
  let current = await prepareWith(graph, engine, observed, whole);
  return {
    async run(feeds) {
      const sights = await current.run(feeds);
      const unclear = observed.filter((value) => !sights.has(value));
      if (unclear.length === 0) return sights;
      for (const value of unclear) whole.add(value);
      await current.dispose();
      current = await prepareWith(graph, engine, observed, whole);
      return current.run(feeds);
    },
    dispose: () => current.dispose(),
  };
}

interface Probe {
  /** Values that the engine has to keep. */
  readonly wanted: readonly Value[];
  /** What the kept tensors tell; undefined if that is unclear. */
  readonly read: (tensors: readonly Tensor[]) => Sight | undefined;
}

/** Runs give nothing of values that are not whole and not finite. */
async function prepareWith(
  graph: Graph,
  engine: Engine,
  observed: readonly Value[],
  whole: ReadonlySet<Value>,
): Promise<Observation> {
  const { graph: copy, values } = cloneGraph(graph);
  const probes = observed.map((value) => {
    const twin = values.get(value)!;
    return [value, isSmall(value) ? wholeProbe(twin) : reducingProbe(copy, twin, whole.has(value))] as const;
  });
  const prepared = await engine.prepare(
    copy,
    probes.flatMap(([, { wanted }]) => wanted),
  );
  return {
    async run(feeds) {
      const results = await prepared.run(feeds);
      const tensorOf = ({ name }: Value) => results.get(name) ?? feeds.get(name)!;
      return new Map(
        probes.flatMap(([value, { wanted, read }]) => {
          const sight = read(wanted.map(tensorOf));
          return sight === undefined ? [] : [[value, sight] as const];
        }),
      );
    },
    dispose: () => prepared.dispose(),
  };
}

function isSmall({ type: { shape } }: Value): boolean {
  return !isStatic(shape) || shape.length < 2 || elementCount(shape) <= fewNumbers;
}

function wholeProbe(value: Value): Probe {
  return { wanted: [value], read: ([tensor]) => ({ ...statisticsOf(tensor), tensor }) };
}

function reducingProbe(graph: Graph, value: Value, isWhole: boolean): Probe {
  const axes = value.type.shape.slice(1).map((_, axis) => axis);
  const reductions = [reduceMin, reduceMax, mean].map((op) =>
    graph.addNode({ op, inputs: [value], attributes: { axes, keepDims: false } }),
  );
  const wanted = [...reductions.map(({ outputs }) => outputs[0]), ...(isWhole ? [value] : [])];
  return {
    wanted,
    read([least, greatest, means, tensor]: readonly (Tensor | undefined)[]) {
      const statistics = statisticsFrom(least!, greatest!, means!) ?? (tensor && statisticsOf(tensor));
      return statistics && { ...statistics, ...(tensor && { tensor }) };
    },
  };
}
