import { readTflite } from "@millrace/formats/tflite";
import { importTflite } from "@millrace/frontends/tflite";
import { bytesOf, numbersOf, type Tensor, viewBytes } from "@millrace/ir";
import { referenceEngine } from "@millrace/runtime";
import { exportTflite } from "@millrace/targets/tflite";
import { describe, expect, it } from "vitest";
import { operatorCases } from "./cases/index.ts";
import type { OperatorCase } from "./operator-case.ts";
import { Random } from "./random.ts";
import { type ModelRuns, runByTensorFlow, runner } from "./run-tensorflow.ts";
import { singleOperator } from "./single-operator.ts";

async function runByUs(
  bytes: Uint8Array,
  runs: readonly (readonly Tensor[])[],
  flavor: OperatorCase["flavor"],
): Promise<Tensor[]> {
  const { graph } = importTflite(readTflite(bytes));
  const prepared = await referenceEngine({ flavor }).prepare(graph);
  const outputs: Tensor[] = [];
  for (const run of runs) {
    const results = await prepared.run(new Map(run.map((tensor, at) => [graph.inputs[at].name, tensor])));
    const states = graph.states.length;
    for (const output of graph.outputs.slice(0, graph.outputs.length - states)) outputs.push(results.get(output.name)!);
  }
  await prepared.dispose();
  return outputs;
}

type Results = ReturnType<typeof runByTensorFlow>;

/** What is wrong with our results, given the bytes of the expected ones; empty if nothing is. */
function difference(ours: readonly Tensor[], theirs: Uint8Array, tolerance: number): string {
  let at = 0;
  for (const [index, tensor] of ours.entries()) {
    const length = bytesOf(tensor).length;
    if (at + length > theirs.length) return `result ${index} [${tensor.shape}] is longer than TensorFlow Lite's`;
    const expected = numbersOf(viewBytes(tensor.dtype, tensor.shape, theirs.slice(at, at + length)));
    const actual = numbersOf(tensor);
    const allowed = tensor.dtype === "f32" ? tolerance : 0;
    const wrong = Array.from(actual, (_, place) => place).filter((place) => {
      const [a, b] = [actual[place], expected[place]];
      return !(Object.is(a, b) || Math.abs(a - b) <= allowed * Math.max(1, Math.abs(b)));
    });
    if (wrong.length > 0) {
      const [first] = wrong;
      return `result ${index} [${tensor.shape}] differs at ${wrong.length} of ${actual.length}: element ${first} is ${actual[first]} instead of ${expected[first]}`;
    }
    at += length;
  }
  return at === theirs.length ? "" : `TensorFlow Lite gives ${theirs.length} bytes, not ${at}`;
}

const seeds = [1, 2];

/** One case, its files (one for each seed, then the first one as we write it) and where they stand among all. */
interface Prepared {
  readonly each: OperatorCase;
  readonly files: readonly ModelRuns[];
  readonly first: number;
}

function writtenAgain({ bytes, runs }: ModelRuns): ModelRuns {
  return { bytes: exportTflite(importTflite(readTflite(bytes)).graph).bytes, runs };
}

/** The file as we write it; none where it can't be read or written, which its test then tells. */
function attempted(file: ModelRuns): readonly ModelRuns[] {
  try {
    return [writtenAgain(file)];
  } catch {
    return [];
  }
}

function prepare(cases: readonly OperatorCase[]): readonly Prepared[] {
  let first = 0;
  return cases.map((each) => {
    const files = seeds.map((seed) => {
      const random = new Random(`${each.operator} ${each.name}`, seed);
      return singleOperator({ operator: each.operator, ...each.make(random) }, random);
    });
    const all = each.unwritten ? files : [...files, ...attempted(files[0])];
    first += all.length;
    return { each, files: all, first: first - all.length };
  });
}

async function problemsOf({ each, files, first }: Prepared, results: Results): Promise<string[]> {
  const { flavor, tolerance = 2e-6, unwritten } = each;
  if (!unwritten && files.length === seeds.length) writtenAgain(files[0]);
  const found: string[] = [];
  for (const [at, { bytes, runs }] of files.entries()) {
    const theirs = results[first + at];
    if (typeof theirs === "string") found.push(`file ${at}: ${theirs}`);
    else {
      for (const one of flavor ? [flavor] : (["tflite", "tflm"] as const)) {
        const problem = difference(await runByUs(bytes, runs, one), theirs, tolerance);
        if (problem) found.push(`file ${at}, ${one}: ${problem}`);
      }
    }
  }
  return found;
}

describe.skipIf(runner === "")(
  "single operators give TensorFlow Lite's reference results (skipped without MILLRACE_TENSORFLOW_LITE)",
  () => {
    const prepared = runner === "" ? [] : prepare(operatorCases);
    const results = runner === "" ? [] : runByTensorFlow(prepared.flatMap(({ files }) => files));
    it.each(prepared.map((one) => ({ one, title: `${one.each.operator} ${one.each.name}` })))(
      "$title",
      async ({ one }) => {
        const problems = await problemsOf(one, results);
        expect(problems, problems.join("\n")).toEqual([]);
      },
    );
  },
);
