import { existsSync, readFileSync } from "node:fs";
import { readTflite } from "@millrace/formats/tflite";
import { importTflite } from "@millrace/frontends/tflite";
import { type Graph, numbersOf, type Tensor } from "@millrace/ir";
import { type Engine, referenceEngine } from "@millrace/runtime";
import { entryOf, readNpy } from "./npy.ts";

/** Reference models with inputs and outputs, beside the checkout; not part of it. */
export const shared = new URL("../../../shared/", import.meta.url);

export function isShared(): boolean {
  return existsSync(new URL("fixtures/README.md", shared));
}

export function pathOf(name: string): string {
  return new URL(name, shared).pathname;
}

export function importFile(name: string): Graph {
  return importTflite(readTflite(new Uint8Array(readFileSync(pathOf(name))))).graph;
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
    return found;
  };
  const [inputs, outputs] = [arrays("in"), arrays("out")];
  return { inputs, outputs, runs: inputs[0].shape[0] };
}

/** How a result compares with its golden. */
export interface Comparison {
  readonly elements: number;
  readonly differing: number;
  readonly largest: number;
  readonly message: string;
}

/** Runs a graph on the first `runs` stored inputs and compares all outputs; floats differ when further apart than `tolerance`. */
export async function compareRuns(
  graph: Graph,
  golden: Golden,
  { runs = golden.runs, tolerance = 0, engine = referenceEngine() as Engine } = {},
): Promise<Comparison> {
  const prepared = await engine.prepare(graph);
  let [elements, differing, largest, message] = [0, 0, 0, ""];
  for (let run = 0; run < runs; run++) {
    const feeds = new Map(graph.inputs.map(({ name }, index) => [name, entryOf(golden.inputs[index], run)]));
    const results = await prepared.run(feeds);
    for (const [index, output] of graph.outputs.entries()) {
      const expected = entryOf(golden.outputs[index], run);
      const actual = results.get(output.name) as Tensor;
      if (actual.dtype !== expected.dtype || `${actual.shape}` !== `${expected.shape}`)
        message ||= `${actual.dtype} [${actual.shape}] instead of ${expected.dtype} [${expected.shape}]`;
      const [left, right] = [numbersOf(actual), numbersOf(expected)];
      for (let at = 0; at < right.length; at++) {
        elements++;
        const distance = Math.abs(left[at] - right[at]);
        if (distance <= tolerance * Math.max(1, Math.abs(right[at]))) continue;
        differing++;
        largest = Math.max(largest, distance);
        message ||= `run ${run}, output ${index}, element ${at}: ${left[at]} instead of ${right[at]}`;
      }
    }
  }
  await prepared.dispose();
  return { elements, differing, largest, message };
}
