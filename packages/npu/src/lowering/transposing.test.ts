import { fromNumbers, Graph, perTensor } from "@millrace/ir";
import { maxPool2d, transpose } from "@millrace/ops";
import { referenceEngine } from "@millrace/runtime";
import { expect, test } from "vitest";
import { compileGraph, isSegment, machines, npuEngine } from "../index.ts";
import { exchangedAxes } from "./transposing.ts";

test("neighbouring groups of axes change places, and nothing else", () => {
  expect(exchangedAxes([1, 3, 40, 50], [0, 2, 3, 1])).toEqual({ blocks: 1, rows: 3, columns: 2000, run: 1 });
  expect(exchangedAxes([2, 40, 50, 3], [0, 3, 1, 2])).toEqual({ blocks: 2, rows: 2000, columns: 3, run: 1 });
  expect(exchangedAxes([4, 5, 6, 7], [0, 2, 1, 3])).toEqual({ blocks: 4, rows: 5, columns: 6, run: 7 });
  expect(exchangedAxes([5, 1, 6], [1, 0, 2])).toBeUndefined();
  expect(exchangedAxes([4, 5, 6], [2, 1, 0])).toBeUndefined();
});

test("an image of many pixels gets its channels last by one command without a list of pieces", async () => {
  const graph = new Graph("g");
  const shape = [1, 3, 150, 120];
  const typesOf = (...sizes: readonly number[]) =>
    [{ dtype: "i8", shape: sizes, quantization: perTensor(0.1, 0) }] as const;
  const x = graph.addInput("x", typesOf(...shape)[0]);
  const permutation = [0, 2, 3, 1];
  const outputTypes = typesOf(1, 150, 120, 3);
  const [image] = graph.addNode({ op: transpose, inputs: [x], attributes: { permutation }, outputTypes }).outputs;
  const window = { kernel: [2, 2], stride: [2, 2], dilation: [1, 1], padding: [0, 0, 0, 0], layout: "last" };
  const attributes = { ...window, activation: "none" };
  graph.setOutputs(
    graph.addNode({ op: maxPool2d, inputs: [image], attributes, outputTypes: typesOf(1, 75, 60, 3) }).outputs,
  );
  const { reasons, phases } = compileGraph(graph, machines.imxrt700);
  expect([...reasons.values()]).toEqual([]);
  const programs = phases.filter(isSegment).map(({ program }) => program);
  expect(programs.map(({ commands }) => commands.map(({ kind }) => kind.name))).toEqual([["transpose", "pool"]]);
  expect(programs[0].constants.length).toBe(0);
  const numbers = Array.from({ length: 54_000 }, (_, at) => ((at * 89) % 256) - 128);
  const feeds = new Map([["x", fromNumbers("i8", shape, numbers)]]);
  const [expected, actual] = await Promise.all(
    [referenceEngine(), npuEngine(machines.imxrt700)].map(async (engine) => (await engine.prepare(graph)).run(feeds)),
  );
  expect([...actual.values()].map(({ data }) => data)).toEqual([...expected.values()].map(({ data }) => data));
});
