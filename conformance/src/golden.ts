import { existsSync, readFileSync } from "node:fs";
import { readTflite } from "@millrace/formats/tflite";
import { importTflite } from "@millrace/frontends/tflite";
import { type Graph, numbersOf, type Tensor } from "@millrace/ir";
import { type Engine, referenceEngine } from "@millrace/runtime";
import { entryOf, readNpy } from "./npy.ts";

/** Reference models with inputs and outputs, beside the checkout; not part of it. */
const shared = new URL("../../../shared/", import.meta.url);

export function pathOf(name: string): string {
  return new URL(name, shared).pathname;
}

export const isShared = existsSync(pathOf("fixtures/README.md"));

export function importFile(name: string): Graph {
  return importTflite(readTflite(new Uint8Array(readFileSync(pathOf(name))))).graph;
}

/** The first columns of a stored index, row by row; none where the files are absent. */
export function readIndex(name: string): readonly (readonly string[])[] {
  if (!isShared) return [];
  const [, ...lines] = readFileSync(pathOf(name), "utf8").trim().split("\n");
  return lines.map((line) => line.split(","));
}

/** A stored model's inputs and outputs; the first axis of each array is the run. */
export interface Golden {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly runs: number;
}

export function readGolden(stem: string): Golden {
  const arrays = (kind: "in" | "out") => {
    const found: Tensor[] = [];
    for (let index = 0; existsSync(pathOf(`${stem}.${kind}${index}.npy`)); index++)
      found.push(readNpy(pathOf(`${stem}.${kind}${index}.npy`)));
    if (found.length === 0) throw new Error(`${stem} has no ${kind}puts`);
    return found;
  };
  const inputs = arrays("in");
  return { inputs, outputs: arrays("out"), runs: inputs[0].shape[0] };
}

/** How results compare with stored ones: elements in all, how many differ, and the first difference in words. */
export interface Comparison {
  readonly elements: number;
  readonly differing: number;
  readonly first: string;
}

/** Reals may differ by this share of their size: float32 sums are taken in another order. */
const tolerance = 1e-5;

function compare(actual: Tensor, expected: Tensor): Comparison {
  const kind = ({ dtype, shape }: Tensor) => `${dtype} [${shape}]`;
  const elements = expected.data.length;
  if (kind(actual) !== kind(expected))
    return { elements, differing: elements, first: `${kind(actual)} instead of ${kind(expected)}` };
  const [left, right] = [numbersOf(actual), numbersOf(expected)];
  const allowed = expected.dtype === "f32" ? tolerance : 0;
  const wrong = Array.from({ length: elements }, (_, at) => at).filter(
    (at) => !(Math.abs(left[at] - right[at]) <= allowed * Math.max(1, Math.abs(right[at]))),
  );
  const [at] = wrong;
  const first = at === undefined ? "" : `element ${at} is ${left[at]} instead of ${right[at]}`;
  return { elements, differing: wrong.length, first };
}

/**
 * Runs a graph on the first `runs` stored inputs and compares all stored outputs. As where the outputs were stored, resource
 * variables, which are initialised once, are kept from run to run, and variable tensors start anew for each.
 */
export async function compareRuns(
  graph: Graph,
  golden: Golden,
  runs = golden.runs,
  engine: Engine = referenceEngine(),
): Promise<Comparison> {
  const comparisons: Comparison[] = [];
  const restarts = graph.states.some(({ initial }) => initial === undefined);
  let prepared = await engine.prepare(graph);
  for (let run = 0; run < runs; run++) {
    const feeds = new Map(golden.inputs.map((input, index) => [graph.inputs[index].name, entryOf(input, run)]));
    const results = await prepared.run(feeds);
    for (const [index, output] of golden.outputs.entries()) {
      const comparison = compare(results.get(graph.outputs[index].name) as Tensor, entryOf(output, run));
      comparisons.push({
        ...comparison,
        first: comparison.first && `run ${run}, output ${index}: ${comparison.first}`,
      });
    }
    if (restarts) {
      await prepared.dispose();
      prepared = await engine.prepare(graph);
    }
  }
  await prepared.dispose();
  return {
    elements: comparisons.reduce((sum, { elements }) => sum + elements, 0),
    differing: comparisons.reduce((sum, { differing }) => sum + differing, 0),
    first: comparisons.find(({ first }) => first !== "")?.first ?? "",
  };
}
