import { readdirSync, readFileSync } from "node:fs";
import { readTflite } from "@millrace/formats/tflite";
import { importTflite } from "@millrace/frontends/tflite";
import { allNodes, DiagnosticError, elementCount, fromNumbers, type Graph, isFloat, type Tensor } from "@millrace/ir";
import { wasmEngine } from "@millrace/runtime";
import { describe, expect, it } from "vitest";
import { readArchive } from "./archive.ts";
import { isShared, pathOf } from "./golden.ts";
import { refusedFiles } from "./refused-files.ts";

/** Larger models are prepared, but not run here. */
const mostMacs = 2e7;

/** Every TFLite file beside the checkout, by name. */
function* files(): Generator<readonly [name: string, bytes: Uint8Array]> {
  for (const [path, bytes] of readArchive(pathOf("assets/conformance/litert_small_tflite.tar.gz")))
    if (/\.(bin|tflite)$/.test(path)) yield [path.split("/").slice(-1)[0], bytes];
  for (const folder of ["assets/tflm", "assets/tflite_zoo", "assets/mlperf_tiny_models", "fixtures/models"]) {
    const names = readdirSync(pathOf(folder), { recursive: true, encoding: "utf8" });
    for (const name of names.filter((each) => each.endsWith(".tflite")).sort())
      yield [`${folder.split("/")[1]}/${name}`, new Uint8Array(readFileSync(pathOf(`${folder}/${name}`)))];
  }
}

function macsOf(graph: Graph): number {
  const costs = [...allNodes(graph)].map(({ op, inputs, outputs, attributes }) => op.cost(inputs, outputs, attributes));
  return costs.reduce((sum, { macs }) => sum + macs, 0);
}

/** What users feed, in a few numbers of either sign. */
function feedsOf(graph: Graph): ReadonlyMap<string, Tensor> {
  const states = new Set(graph.states.map(({ input }) => input));
  const fed = graph.inputs.filter(({ name }) => !states.has(name));
  return new Map(
    fed.map(({ name, type: { dtype, shape } }) => {
      const sizes = shape as readonly number[];
      const number = (at: number) => (isFloat(dtype) ? Math.sin(at + 1) : at % 2);
      return [
        name,
        fromNumbers(
          dtype,
          sizes,
          Float64Array.from({ length: elementCount(sizes) }, (_, at) => number(at)),
        ),
      ];
    }),
  );
}

/** `runs`, or why a file can't be imported or run. */
async function outcomeOf(bytes: Uint8Array): Promise<string> {
  try {
    const { graph } = importTflite(readTflite(bytes));
    const prepared = await wasmEngine().prepare(graph);
    if (macsOf(graph) > mostMacs) return "runs";
    await prepared.run(feedsOf(graph), { signal: AbortSignal.timeout(10_000) });
    return "runs";
  } catch (error) {
    if (error instanceof DiagnosticError) return error.diagnostics[0].message;
    throw error;
  }
}

describe.skipIf(!isShared)("TFLite files of other tools (skipped without ../shared)", () => {
  it("are imported and run, or refused for a reason of their own", { timeout: 120_000 }, async () => {
    const outcomes = new Map<string, string>();
    for (const [name, bytes] of files()) outcomes.set(name, await outcomeOf(bytes));
    const reasons = new Map(Object.entries(refusedFiles).flatMap(([why, names]) => names.map((name) => [name, why])));
    const unexpected = [...outcomes].filter(([name, outcome]) => {
      const reason = reasons.get(name);
      return reason === undefined ? outcome !== "runs" : !outcome.includes(reason);
    });
    expect(unexpected, "take files that run by now off the list").toEqual([]);
    expect(outcomes.size).toBeGreaterThan(130);
    expect([...reasons.keys()].filter((name) => !outcomes.has(name))).toEqual([]);
  });
});
