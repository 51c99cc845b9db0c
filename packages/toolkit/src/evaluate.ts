import { type Diagnostic, elementCount, fail, type Graph, numbersOf } from "@millrace/ir";
import { emptyRange, integerInputWarnings, type Range, rangeOf, uniteRanges } from "@millrace/quantize";
import type { Engine } from "@millrace/runtime";
import type { Dataset, Inference } from "./data/dataset.ts";
import { requireClasses } from "./data/labels.ts";
import { metrics, type Outputs } from "./data/metrics.ts";
import type { Progress } from "./progress.ts";
import { feedsOf, modelInputs, realOutputs } from "./real-values.ts";
import { startAhead } from "./start-ahead.ts";

/** A graph and what runs it. */
export interface Runnable {
  readonly graph: Graph;
  readonly engine: Engine;
}

/** Value of the data's metric over its test samples. */
export interface Evaluation {
  readonly metric: string;
  readonly samples: number;
  readonly value: number;
  /** What looks wrong with the samples for this model. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Runs a model over the test samples. `reference` is another model that metrics such as cosine compare with. */
export async function evaluate(
  subject: Runnable,
  data: Dataset,
  options: Progress & { readonly reference?: Runnable } = {},
): Promise<Evaluation> {
  const metric = metrics[data.metric];
  if (metric.needsReference && options.reference === undefined) {
    fail("evaluate.needs-reference", `the metric ${data.metric} compares two models`, {
      hint: "give the other one with --against, or add labels and a metric to dataset.json",
    });
  }
  const accumulator = metric.create();
  const seen = new Map<string, Range>();
  const labels = usableLabels(subject.graph, data);
  const { test } = data.split;
  const run = await runner(subject, data);
  const compare = metric.needsReference && options.reference ? await runner(options.reference, data) : undefined;
  try {
    const observe = async (sample: number) => {
      options.signal?.throwIfAborted();
      const { inputs, outputs } = await run.sample(sample);
      const reference = (await compare?.sample(sample))?.outputs;
      return { label: labels?.[sample], inputs, outputs, ...(reference && { reference }) };
    };
    let done = 0;
    for await (const observation of startAhead(test, run.ahead, observe)) {
      accumulator.add(observation);
      noteRanges(seen, observation.inputs);
      options.progress?.("evaluate", ++done, test.length);
    }
  } finally {
    await run.dispose();
    await compare?.dispose();
  }
  const { value, samples } = accumulator.result();
  return { metric: data.metric, samples, value, diagnostics: integerInputWarnings(subject.graph, seen) };
}

/** Widens the range of each input by the real numbers of inferences. */
function noteRanges(seen: Map<string, Range>, inferences: readonly Inference[]): void {
  for (const [name, tensor] of inferences.flatMap((inference) => [...inference]))
    if (tensor.dtype === "f32") seen.set(name, uniteRanges(seen.get(name) ?? emptyRange, rangeOf(numbersOf(tensor))));
}

/**
 * The labels for a graph's classes. Throws `data.no-test-samples` if the split leaves none to test, and `data.label-range` for labels of them that the
 * metric takes for classes that the graph does not have.
 */
export function usableLabels(graph: Graph, data: Dataset): Int32Array | undefined {
  if (data.split.test.length === 0)
    fail("data.no-test-samples", "the data leaves no samples to evaluate with", {
      hint: "change `split` in dataset.json",
    });
  const classes = elementCount(graph.outputs[0].type.shape as readonly number[]);
  const labels = data.labelsFor(classes);
  if (labels && metrics[data.metric].labelsAreClasses) requireClasses(labels, classes, data);
  return labels;
}

async function runner({ graph, engine }: Runnable, data: Dataset) {
  const inputs = modelInputs(graph);
  const prepared = await engine.prepare(graph);
  const { concurrency = 1 } = prepared;
  return {
    /** With twice as many samples at work as can run at a time, threads have one to go on with while others are read. */
    ahead: concurrency === 1 ? 1 : 2 * concurrency,
    async sample(index: number) {
      const inferences = await data.feeds(index, inputs);
      const outputs: Outputs[] = [];
      for (const inference of inferences)
        outputs.push(realOutputs(graph, await prepared.run(feedsOf(graph, inference))));
      return { inputs: inferences, outputs };
    },
    dispose: () => prepared.dispose(),
  };
}
