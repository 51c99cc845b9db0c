import { readFileSync } from "node:fs";
import { readTflite } from "@millrace/formats/tflite";
import { importTflite } from "@millrace/frontends/tflite";
import { type Diagnostic, DiagnosticError, fail, type Graph, numbersOf, type Tensor } from "@millrace/ir";
import { referenceEngine } from "@millrace/runtime";
import { describe, expect, it } from "vitest";
import { createLiteRt } from "./litert.ts";
import { createTfjsTflite } from "./tfjs-tflite.ts";
import { tfliteEngine } from "./tflite-engine.ts";

const digits = new URL("../../../../examples/digits/digits_int8_tf.tflite", import.meta.url);
const file = new Uint8Array(readFileSync(digits));
const graphOf = () => importTflite(readTflite(file)).graph;

function feedsOf({ inputs: [input] }: Graph): ReadonlyMap<string, Tensor> {
  const data = Int8Array.from({ length: 784 }, (_, at) => ((at * 2654435761) >>> 24) - 128);
  return new Map([[input.name, { dtype: "i8", shape: [1, 28, 28, 1], data }]]);
}

function furthest(a: Tensor, b: Tensor): number {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  return Math.max(...Array.from(left, (value, at) => Math.abs(value - right[at])));
}

const refusing = (name: string) => async () => ({
  name,
  load: async () => fail("tflite-runtime.model-refused", `${name} refused the model: no`),
});

describe("the engine over TFLite runtimes", () => {
  it.each([
    ["LiteRT", createLiteRt],
    ["tfjs-tflite", createTfjsTflite],
  ])("runs a file by %s as the reference engine does, but for roundings", async (_, create) => {
    const graph = graphOf();
    const reported: Diagnostic[] = [];
    const engine = tfliteEngine([create], { file, report: (found) => reported.push(...found) });
    const [actual, expected] = await Promise.all(
      [engine, referenceEngine()].map(async (one) => (await one.prepare(graph)).run(feedsOf(graph))),
    );
    const [output] = graph.outputs;
    expect(actual.get(output.name)).toMatchObject({ dtype: "i8", shape: [1, 10] });
    expect(furthest(actual.get(output.name)!, expected.get(output.name)!)).toBeLessThanOrEqual(3);
    expect(reported).toEqual([]);
  });

  it("writes the graph anew where inner values are wanted, and says so", async () => {
    const graph = graphOf();
    const inner = [...graph.nodes()][0].outputs[0];
    const reported: Diagnostic[] = [];
    const engine = tfliteEngine([createLiteRt], { file, report: (found) => reported.push(...found) });
    const [actual, expected] = await Promise.all(
      [engine, referenceEngine()].map(async (one) => (await one.prepare(graph, [inner])).run(feedsOf(graph))),
    );
    expect(actual.size).toBe(2);
    expect(furthest(actual.get(inner.name)!, expected.get(inner.name)!)).toBeLessThanOrEqual(1);
    expect(reported.map(({ code }) => code)).toEqual(["tflite-runtime.converted"]);
  });

  it("falls back to the next runtime, and gives the words of all if none takes the file", async () => {
    const reported: Diagnostic[] = [];
    const options = { file, report: (found: readonly Diagnostic[]) => reported.push(...found) };
    await tfliteEngine([refusing("first"), createTfjsTflite], options).prepare(graphOf());
    expect(reported).toMatchObject([{ code: "tflite-runtime.fallback", severity: "warning" }]);
    expect(reported[0].message).toContain("tfjs-tflite runs the model, since first refused");
    const refused = tfliteEngine([refusing("first"), refusing("second")], options).prepare(graphOf());
    const { diagnostics } = (await refused.catch((error: unknown) => error)) as DiagnosticError;
    expect(diagnostics.map(({ message }) => message.split(" ")[0])).toEqual(["first", "second", "first", "second"]);
  });

  it("refuses feeds that don't fit and graphs with states", async () => {
    const graph = graphOf();
    const prepared = await tfliteEngine([createLiteRt], { file }).prepare(graph);
    await expect(prepared.run(new Map())).rejects.toThrow("runtime.feed-missing");
    const [input] = graph.inputs;
    graph.states = [{ input: input.name, output: graph.outputNames[0] }];
    await expect(tfliteEngine([createLiteRt], { file }).prepare(graph)).rejects.toThrow(DiagnosticError);
  });
});
