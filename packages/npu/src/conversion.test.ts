import { fromNumbers, Graph, perTensor, type Value, type ValueType } from "@millrace/ir";
import { add, averagePool2d, conv2d, mul, quantize, sigmoid } from "@millrace/ops";
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
