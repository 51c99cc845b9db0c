import { fromNumbers, type Graph, parseGraph } from "@millrace/ir";
import { operators } from "@millrace/ops";
import { describe, expect, it } from "vitest";
import type { Engine } from "./engine.ts";
import { referenceEngine } from "./interpreter.ts";
import { wasmEngine } from "./wasm/engine.ts";

const engines = [referenceEngine(), wasmEngine()].map((engine) => [engine.name, engine] as const);

const graphOf = (text: string) => parseGraph(text, operators);

/** The first output for inputs in the graph's order. */
async function resultOf(engine: Engine, graph: Graph, inputs: readonly (readonly number[])[], signal?: AbortSignal) {
  const prepared = await engine.prepare(graph);
  const feeds = graph.inputs.map(
    ({ name, type }, index) => [name, fromNumbers(type.dtype, [inputs[index].length], inputs[index])] as const,
  );
  const results = await prepared.run(new Map(feeds), signal ? { signal } : {});
  return Array.from(results.get(graph.outputs[0].name)!.data, Number);
}

/** The steps that integers take are 1, so that sums and clamps are those of the stored numbers. */
const integer = "i8[2]<scale=[1], zeroPoint=[0]>";
const quantized = `graph integers
input c: bool[1]
input x: ${integer}
y: ${integer} = while(x) {condition=graph small {
  input x: ${integer}
  constant limit: ${integer} = [100, 100]
  less: bool[2] = less(x, limit)
  first: bool[1] = slice(less) {starts=[0], sizes=[1], steps=[1]}
  output first
}, body=graph double {
  input x: ${integer}
  y: ${integer} = add(x, x) {activation=none}
  output y
}}
z: ${integer} = if(c, y, x) {whenTrue=graph sum {
  input y: ${integer}
  input x: ${integer}
  z: ${integer} = sub(y, x) {activation=none}
  output z
}, whenFalse=graph same {
  input y: ${integer}
  input x: ${integer}
  output x
}}
output z
`;

const growing = `graph growing
input x: f32[N]
y: f32[M] = while(x) {condition=graph c {
  input x: f32[M]
  sum: f32[1] = sum(x) {axes=[0], keepDims=true}
  limit: f32[1] = abs(sum)
  constant ten: f32[1] = [10]
  less: bool[1] = less(limit, ten)
  output less
}, body=graph b {
  input x: f32[M]
  y: f32[2*M] = concat(x, x) {axis=0}
  output y
}}
z: f32[M] = neg(y)
output z
`;

const endless = (body: string) => `graph endless
input x: f32[1]
y: f32[1] = while(x) {condition=graph c {
  input x: f32[1]
  constant yes: bool[1] = [1]
  output yes
}, body=graph b {
  input x: f32[1]
${body}}}
output y
`;

describe.each(engines)("the %s engine", (_, engine) => {
  it("runs loops and branches on integers as their kernels do", async () => {
    const graph = graphOf(quantized);
    expect(await resultOf(engine, graph, [[1], [7, -3]])).toEqual([105, -45]);
    expect(await resultOf(engine, graph, [[0], [7, -3]])).toEqual([7, -3]);
    expect(await resultOf(engine, graph, [[1], [100, 5]])).toEqual([0, 0]);
    const prepared = await engine.prepare(graph);
    const feeds = (x: number) =>
      new Map([
        ["c", fromNumbers("bool", [1], [1])],
        ["x", fromNumbers("i8", [2], [x, 1])],
      ]);
    const first = (await prepared.run(feeds(30))).get("z")!;
    await prepared.run(feeds(99));
    expect([...first.data]).toEqual([90, 3]);
  });

  it("lets a size change from round to round, and binds it for what follows", async () => {
    expect(await resultOf(engine, graphOf(growing), [[1, 2]])).toEqual([-1, -2, -1, -2, -1, -2, -1, -2]);
  });

  it("says which size a body may not change", async () => {
    const graph = graphOf(growing.replaceAll("M]", "N]"));
    await expect(resultOf(engine, graph, [[1, 2]])).rejects.toThrow("runtime.body-shape");
  });

  it.each([
    ["that computes", "  y: f32[1] = neg(x)\n  output y\n"],
    ["that does nothing", "  output x\n"],
  ])("stops an endless loop %s, and lets others have the thread before", async (_, body) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("enough")), 120);
    const run = resultOf(engine, graphOf(endless(body)), [[1]], controller.signal);
    await expect(run).rejects.toThrow("enough");
  });
});
