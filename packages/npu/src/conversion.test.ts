import { fromNumbers, Graph, perTensor, type Value, type ValueType } from "@millrace/ir";
import { add, averagePool2d, conv2d, dequantize, linear, mul, quantize, sigmoid } from "@millrace/ops";
import { referenceEngine } from "@millrace/runtime";
import { describe, expect, test } from "vitest";
import { compileGraph, isSegment, type Machine, machines, npuEngine, simulate } from "./index.ts";

const known = machines.imxrt700;
const processor = { ...known.processor, element: 1e6, quantizeElement: 1e6 };
const plain: Machine = { ...known, processor };
const converting: Machine = { ...plain, features: { ...known.features, conversion: true } };

const shape = [1, 6, 5, 8];
const typeOf = (scale: number, zero: number): ValueType => ({
  dtype: "i8",
  shape,
  quantization: perTensor(scale, zero),
});
const numbers = (count: number) => Array.from({ length: count }, (_, at) => ((at * 37) % 251) - 125);

function requantized(graph: Graph, x: Value): Value {
  const attributes = { dtype: "i8", scale: [0.07], zeroPoint: [-11], axis: -1, rounding: "away" };
  return graph.addNode({ op: quantize, inputs: [x], attributes, outputTypes: [typeOf(0.07, -11)] }).outputs[0];
}

/** What is done with data that come on another scale. */
const uses: Readonly<Record<string, (graph: Graph, x: Value) => Value>> = {
  convolution(graph, x) {
    const weights = graph.addConstant("w", fromNumbers("i8", [8, 1, 1, 8], numbers(64)), perTensor(0.01, 0));
    const attributes = {
      stride: [1, 1],
      dilation: [1, 1],
      padding: [0, 0, 0, 0],
      groups: 1,
      layout: "last",
      activation: "none",
    };
    const inputs = [requantized(graph, x), weights];
    return graph.addNode({ op: conv2d, inputs, attributes, outputTypes: [typeOf(0.1, 4)] }).outputs[0];
  },
  average(graph, x) {
    const attributes = {
      kernel: [2, 2],
      stride: [1, 1],
      padding: [0, 0, 1, 1],
      layout: "last",
      countPadding: false,
      activation: "none",
    };
    const inputs = [requantized(graph, x)];
    return graph.addNode({ op: averagePool2d, inputs, attributes, outputTypes: [typeOf(0.07, -11)] }).outputs[0];
  },
  sum(graph, x) {
    const attributes = { activation: "none" };
    return graph.addNode({ op: add, inputs: [requantized(graph, x), x], attributes, outputTypes: [typeOf(0.1, 4)] })
      .outputs[0];
  },
  gate(graph, x) {
    const outputTypes = [typeOf(1 / 256, -128)];
    const gate = graph.addNode({ op: sigmoid, inputs: [x], attributes: {}, outputTypes }).outputs[0];
    const attributes = { activation: "none" };
    return graph.addNode({ op: mul, inputs: [x, gate], attributes, outputTypes: [typeOf(0.1, 4)] }).outputs[0];
  },
};

const commandsOf: Readonly<Record<string, string>> = {
  convolution: "look-up+convolve",
  average: "look-up+pool",
  sum: "combine",
  gate: "combine",
};

function network(use: string): Graph {
  const graph = new Graph(use);
  graph.setOutputs([uses[use](graph, graph.addInput("x", typeOf(0.05, 3)))]);
  return graph;
}

function programOf(graph: Graph, machine: Machine) {
  const [segment] = compileGraph(graph, machine).phases.filter(isSegment);
  return segment.program;
}

describe("data that are converted as they are read", () => {
  test.each(Object.keys(uses))("by a %s take no pass of their own, and give the reference's results", async (use) => {
    const graph = network(use);
    const [inLine, apart] = [converting, plain].map((machine) => programOf(graph, machine));
    expect(inLine.commands.map(({ kind }) => kind.name)).toEqual([commandsOf[use]]);
    expect(apart.commands).toHaveLength(2);
    const [faster, slower] = [inLine, apart].map((program) => simulate(program, converting).cycles);
    expect(slower - faster).toBeGreaterThan(known.modes.sequencer.operator);
    const feeds = new Map([["x", fromNumbers("i8", shape, numbers(240))]]);
    const expected = await (await referenceEngine().prepare(graph)).run(feeds);
    expect(await (await npuEngine(converting).prepare(graph)).run(feeds)).toEqual(expected);
  });
});

/** Reals that become integers, a fully connected layer for each of some pixels, and reals again. */
function realNetwork(pixels: number): Graph {
  const graph = new Graph("reals");
  const x = graph.addInput("x", { dtype: "f32", shape: [pixels, 24] });
  const typed = (depth: number, scale: number, zero: number): ValueType => ({
    dtype: "i8",
    shape: [pixels, depth],
    quantization: perTensor(Math.fround(scale), zero),
  });
  const attributes = { dtype: "i8", scale: [Math.fround(0.07)], zeroPoint: [-11], axis: -1, rounding: "away" };
  const q = graph.addNode({ op: quantize, inputs: [x], attributes, outputTypes: [typed(24, 0.07, -11)] }).outputs[0];
  const weights = graph.addConstant("w", fromNumbers("i8", [16, 24], numbers(384)), perTensor(0.01, 0));
  const inputs = [q, weights];
  const layer = { op: linear, inputs, attributes: { activation: "none" }, outputTypes: [typed(16, 0.1, 4)] };
  const [y] = graph.addNode(layer).outputs;
  const outputTypes = [{ dtype: "f32", shape: [pixels, 16] } as const];
  graph.setOutputs(graph.addNode({ op: dequantize, inputs: [y], attributes: {}, outputTypes }).outputs);
  return graph;
}

describe("real numbers", () => {
  const feeds = (pixels: number) => {
    const reals = Array.from({ length: 24 * pixels }, (_, at) => [0.035, -0.105, 99, -1e9, Number.NaN, at / 7][at % 6]);
    return new Map([["x", fromNumbers("f32", [pixels, 24], reals)]]);
  };

  test.each([1, 40])("of %i pixels become integers and reals again on the way in and out", async (pixels) => {
    const graph = realNetwork(pixels);
    const { phases, reasons } = compileGraph(graph, converting);
    expect([...reasons.values()]).toEqual([]);
    const names = phases.filter(isSegment).flatMap(({ program }) => program.commands.map(({ kind }) => kind.name));
    expect(names).toEqual(["quantize+convolve+dequantize"]);
    expect([...compileGraph(graph, plain).reasons.values()]).toEqual([
      "the array takes no reals",
      "its result is real",
    ]);
    const expected = await (await referenceEngine().prepare(graph)).run(feeds(pixels));
    expect(await (await npuEngine(converting).prepare(graph)).run(feeds(pixels))).toEqual(expected);
  });

  test("are converted ahead where reading them again and again as reals would take longer", () => {
    const machine = { ...converting, array: { ...known.array, pipelines: 4 } };
    const names = programOf(realNetwork(400), machine).commands.map(({ kind }) => kind.name);
    expect(names).toEqual(["quantize", "convolve+dequantize"]);
  });
});
