import { type DiagnosticError, fromNumbers, Graph, perTensor, type Tensor } from "@millrace/ir";
import { add, clamp, expand, mul, operators, reshape, sub } from "@millrace/ops";
import { describe, expect, it } from "vitest";
import type { Progress } from "./engine.ts";
import { referenceEngine } from "./interpreter.ts";
import { wasmEngine } from "./wasm/engine.ts";

function f32(shape: readonly number[], values: readonly number[]): Tensor {
  return fromNumbers("f32", shape, values);
}

/** y = max(0, (a + b) · a) with a batch of unknown size. */
function sampleGraph() {
  const graph = new Graph("sample");
  const a = graph.addInput("a", { dtype: "f32", shape: ["N", 2] });
  const b = graph.addInput("b", { dtype: "f32", shape: ["N", 2] });
  const attributes = { activation: "none" };
  const sum = graph.addNode({ op: add, inputs: [a, b], attributes, name: "sum" });
  const product = graph.addNode({ op: mul, inputs: [sum.outputs[0], a], attributes, name: "product" });
  const limits = { minimum: 0, maximum: Number.POSITIVE_INFINITY };
  const y = graph.addNode({ op: clamp, inputs: product.outputs, attributes: limits, name: "y" });
  graph.addNode({ op: sub, inputs: [a, b], attributes, name: "unused" });
  graph.setOutputs(y.outputs, ["result"]);
  return { graph, sum: sum.outputs[0], product: product.outputs[0], unused: [...graph.nodes()].at(-1)!.outputs[0] };
}

const feeds = new Map([
  ["a", f32([1, 2], [1, -2])],
  ["b", f32([1, 2], [3, 4])],
]);

async function codesOf(run: Promise<unknown>): Promise<string[]> {
  const error = (await run.then(() => undefined).catch((reason: unknown) => reason)) as DiagnosticError | undefined;
  return error?.diagnostics.map(({ code }) => code) ?? [];
}

describe("the reference engine", () => {
  it("gives outputs and wanted values by value name, and nothing else", async () => {
    const { graph, sum, unused } = sampleGraph();
    const results = await (await referenceEngine().prepare(graph, [sum, unused])).run(feeds);
    expect([...results.keys()].sort()).toEqual(["sum", "unused", "y"]);
    expect(results.get("y")!.data).toEqual(Float32Array.of(4, 0));
    expect(results.get("sum")!.data).toEqual(Float32Array.of(4, 2));
    expect(results.get("unused")!.data).toEqual(Float32Array.of(-2, -6));
  });

  it("binds symbolic sizes anew for every run", async () => {
    const prepared = await referenceEngine().prepare(sampleGraph().graph);
    expect((await prepared.run(feeds)).get("y")!.shape).toEqual([1, 2]);
    const larger = new Map([...feeds].map(([name]) => [name, f32([3, 2], [1, 2, 3, 4, 5, 6])]));
    expect((await prepared.run(larger)).get("y")!.shape).toEqual([3, 2]);
  });

  it("binds symbolic sizes in attributes", async () => {
    const graph = new Graph("reshape");
    const x = graph.addInput("x", { dtype: "f32", shape: ["N", 4] });
    const node = graph.addNode({ op: reshape, inputs: [x], attributes: { shape: ["2*N", 2] }, name: "y" });
    graph.setOutputs(node.outputs);
    const prepared = await referenceEngine().prepare(graph);
    const results = await prepared.run(new Map([["x", f32([3, 4], Array(12).fill(1))]]));
    expect(results.get("y")!.shape).toEqual([6, 2]);
  });

  it("names everything that is wrong with the feeds at once", async () => {
    const prepared = await referenceEngine().prepare(sampleGraph().graph);
    const wrong = new Map<string, Tensor>([
      ["a", fromNumbers("i8", [1, 2], [1, 2])],
      ["c", f32([1], [0])],
    ]);
    expect(await codesOf(prepared.run(wrong))).toEqual([
      "runtime.feed-dtype",
      "runtime.feed-missing",
      "runtime.feed-unknown",
    ]);
    const uneven = new Map([...feeds, ["b", f32([2, 2], [1, 2, 3, 4])] as const]);
    expect(await codesOf(prepared.run(uneven))).toEqual(["runtime.feed-shape"]);
    const short = new Map([...feeds, ["b", { ...f32([1, 2], [1, 2]), data: new Float32Array(1) }] as const]);
    expect(await codesOf(prepared.run(short))).toEqual(["runtime.feed-data"]);
  });

  it("stops when the signal is aborted and tells how far it is", async () => {
    const prepared = await referenceEngine().prepare(sampleGraph().graph);
    const seen: Progress[] = [];
    const controller = new AbortController();
    const run = prepared.run(feeds, {
      signal: controller.signal,
      onProgress(progress) {
        seen.push(progress);
        if (progress.done === 2) controller.abort(new Error("enough"));
      },
    });
    await expect(run).rejects.toThrow("enough");
    expect(seen.map(({ done, total, node }) => [done, total, node.name])).toEqual([
      [1, 3, "sum"],
      [2, 3, "product"],
    ]);
  });

  it("times each node", async () => {
    const { graph } = sampleGraph();
    const prepared = await referenceEngine().prepare(graph);
    const times: [string, number][] = [];
    await prepared.run(feeds, { onNode: (node, milliseconds) => times.push([node.name, milliseconds]) });
    expect(times.map(([name]) => name)).toEqual(["sum", "product", "y"]);
    for (const [, milliseconds] of times) expect(milliseconds).toBeGreaterThanOrEqual(0);
  });

  it("refuses to allocate more than it may, before it does", async () => {
    const { graph } = sampleGraph();
    const prepared = await referenceEngine({ maximumBytes: 24 }).prepare(graph);
    expect(await codesOf(prepared.run(feeds))).toEqual([]);
    const larger = new Map([...feeds].map(([name]) => [name, f32([2, 2], [1, 2, 3, 4])]));
    expect(await codesOf(prepared.run(larger))).toEqual(["runtime.too-much-memory"]);
    const bomb = new Graph("bomb");
    const x = bomb.addInput("x", { dtype: "f32", shape: [1] });
    const shape = [2 ** 30, 2 ** 30];
    bomb.setOutputs(bomb.addNode({ op: expand, inputs: [x], attributes: { shape } }).outputs);
    for (const engine of [referenceEngine(), wasmEngine()])
      expect(await codesOf(engine.prepare(bomb))).toEqual(["runtime.too-much-memory"]);
  });

  it("refuses to run after it was disposed", async () => {
    const prepared = await referenceEngine().prepare(sampleGraph().graph);
    await prepared.dispose();
    expect(await codesOf(prepared.run(feeds))).toEqual(["runtime.disposed"]);
  });

  it("tells which integer value lacks parameters", async () => {
    const graph = new Graph("half");
    const type = { dtype: "i8", shape: [1] } as const;
    const inputs = [graph.addInput("a", { ...type, quantization: perTensor(1, 0) }), graph.addInput("b", type)];
    const node = graph.addNode({ op: add, inputs, attributes: { activation: "none" }, name: "sum" });
    graph.setOutputs(node.outputs);
    expect(await codesOf(referenceEngine().prepare(graph))).toEqual(["runtime.quantization"]);
  });
});

describe("every operator's own examples", () => {
  const samples = [...operators.values()].flatMap((op) => op.samples.map((sample) => ({ op, sample })));

  it.each(samples)("$op.name: $sample.name", async ({ op, sample }) => {
    const graph = new Graph("sample");
    const inputs = sample.inputs.map((tensor, index) => {
      const quantization = sample.quantizations?.[index];
      return tensor && graph.addInput(`input${index}`, { ...tensor, ...(quantization && { quantization }) });
    });
    const node = graph.addNode({ op, inputs, attributes: sample.attributes, name: "node" });
    graph.setOutputs(node.outputs);
    const given = graph.inputs.map(({ name }) => [name, sample.inputs[Number(name.slice("input".length))]!] as const);
    const results = await (await referenceEngine().prepare(graph)).run(new Map(given));
    for (const [index, expected] of sample.outputs.entries()) {
      const actual = results.get(node.outputs[index].name)!;
      expect({ dtype: actual.dtype, shape: actual.shape }).toEqual({ dtype: expected.dtype, shape: expected.shape });
      for (let at = 0; at < expected.data.length; at++)
        expect(Number(actual.data[at])).toBeCloseTo(Number(expected.data[at]), 5);
    }
  });
});
