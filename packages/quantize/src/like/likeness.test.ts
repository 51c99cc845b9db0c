import {
  DiagnosticError,
  fromNumbers,
  type Graph,
  numbersOf,
  parseGraph,
  printType,
  type Value,
  verify,
} from "@millrace/ir";
import { operators } from "@millrace/ops";
import { channelsLast, cleanUp, runPasses } from "@millrace/passes";
import { referenceEngine } from "@millrace/runtime";
import { describe, expect, test } from "vitest";
import { numberStream, randomTensor } from "../../../passes/src/testing.ts";
import { NetworkBuilder } from "../../../passes/src/testing-graphs.ts";
import { type Calibration, calibrate, noCalibration } from "../calibrate.ts";
import { type QuantizeOptions, quantizeGraph } from "../quantize.ts";
import { likenessOf } from "./likeness.ts";

type Tail = (n: NetworkBuilder, x: Value) => Value;

function network(width: number, tail: Tail = (_, x) => x): Graph {
  const n = new NetworkBuilder();
  const a = n.relu(n.conv(n.input("x", [1, 3, 8, 8]), width, 3, { padding: 1 }));
  const [b, c] = [1, 3].map((size) => n.relu(n.conv(a, width, size, { padding: size >> 1 })));
  const y = n.concat([n.add(b, c), n.maxPool(n.mul(a, b), 1)]);
  const graph = n.finish(n.softmax(n.linear(n.reshape(n.averagePool(tail(n, y), 8), [1, 2 * width]), 5)));
  runPasses(graph, [...cleanUp, ...channelsLast([])]);
  return graph;
}

/** The same network with weights that training went on to change a little. */
function retrained(graph: Graph): Graph {
  const next = numberStream(5);
  for (const node of [...graph.nodes()])
    for (const [slot, value] of node.inputs.entries()) {
      if (value?.constant?.dtype !== "f32") continue;
      const numbers = Float32Array.from(numbersOf(value.constant), (number) => number + next() / 20);
      graph.setInput(node, slot, graph.addConstant(value.name, fromNumbers("f32", value.constant.shape, numbers)));
    }
  return graph;
}

const next = numberStream(13);
const samples = Array.from({ length: 4 }, () => new Map([["x", randomTensor([1, 8, 8, 3], next)]]));

function seen(graph: Graph): Promise<Calibration> {
  return calibrate(
    graph,
    referenceEngine(),
    (async function* () {
      yield* samples;
    })(),
  );
}

/** An integer graph as a file has it, in which nothing is called as in the float model. */
async function given(options: QuantizeOptions, graph = network(8)): Promise<Graph> {
  const { graph: integers } = quantizeGraph(graph, await seen(graph), options);
  const values = [...integers.inputs, ...[...integers.nodes()].flatMap(({ outputs }) => outputs)];
  for (const [at, value] of values.entries()) integers.rename(value, `tensor_${at}`);
  return integers;
}

/** Types of all values, and of weights how many scales they have. */
function typesIn(graph: Graph): readonly string[] {
  const nodes = [...graph.nodes()].map(({ op, inputs, outputs: [{ type }] }) => {
    const weights = inputs[1]?.constant && inputs[1].type;
    return `${op.name} ${printType(type)} ${weights ? `${weights.dtype} ${weights.quantization?.scale.length}` : ""}`;
  });
  return [...graph.inputs.map(({ type }) => printType(type)), ...nodes];
}

const codesOf = (action: () => unknown): readonly string[] => {
  try {
    action();
  } catch (error) {
    if (error instanceof DiagnosticError) return error.diagnostics.map(({ code }) => code);
    throw error;
  }
  return [];
};

describe("a float graph is quantized like its integer twin", () => {
  test.each<[string, QuantizeOptions]>([
    ["in int8", {}],
    ["with bytes as inputs and outputs", { io: "uint8" }],
    ["with real inputs and outputs", { io: "float32" }],
    ["with one scale for all weights", { perTensor: true }],
    ["with zero points of 0", { symmetric: true }],
    ["in int16", { scheme: "int16x8" }],
    ["with weights in int4", { scheme: "int4" }],
    ["with more bits for some", { layers: [{ operators: ["add", "mul"], scheme: "int16x8" }] }],
    ["with real numbers for some", { layers: [{ operators: ["mul", "linear"], scheme: "float32" }] }],
  ])("%s, without samples", async (_, options) => {
    const integers = await given(options);
    const float = retrained(network(8));
    const { graph, layers } = quantizeGraph(float, { ...noCalibration, likeness: likenessOf(float, integers) });
    expect(verify(graph)).toEqual([]);
    expect(typesIn(graph)).toEqual(typesIn(integers));
    expect(layers.map(({ basis }) => basis)).toEqual(layers.map(() => "given"));
  });

  test("with the conversions that its twin has between layers", () => {
    const layer = "linear(x, w) {activation=none}";
    const float = parseGraph(
      `graph float
input x: f32[1,2]
constant w: f32[2,2] = [1, 2, 3, 4]
a: f32[1,2] = ${layer}
b: f32[1,2] = ${layer}
y: f32[1,4] = concat(a, b) {axis=1}
output y
`,
      operators,
    );
    const type = (width: number, scale: number) => `i8[1,${width}]<scale=[${scale}], zeroPoint=[3]>`;
    const integers = parseGraph(
      `graph integers
input x: ${type(2, 0.125)}
constant w: i8[2,2]<scale=[0.5, 0.5], zeroPoint=[0, 0], axis=0> = [1, 2, 3, 4]
a: ${type(2, 0.25)} = ${layer}
a2: ${type(2, 0.5)} = quantize(a) {dtype=i8, scale=[0.5], zeroPoint=[3], axis=-1, rounding=away}
b: ${type(2, 0.5)} = ${layer}
y: ${type(4, 0.5)} = concat(a2, b) {axis=1}
output y
`,
      operators,
    );
    const { graph } = quantizeGraph(float, { ...noCalibration, likeness: likenessOf(float, integers) });
    expect([...typesIn(graph)].sort()).toEqual([...typesIn(integers)].sort());
  });
});

describe("where the integer graph has no twin of a value", () => {
  const longer: Tail = (n, x) => n.mul(n.add(x, x), x);

  test("samples tell its range, and all others are as given", async () => {
    const integers = await given({});
    const float = network(8, longer);
    const likeness = likenessOf(float, integers);
    const { layers } = quantizeGraph(float, { ...(await seen(float)), likeness });
    const measured = layers.filter(({ basis }) => basis === "samples").map(({ name }) => name);
    expect(measured).toEqual(["add_10", "mul_11", "averagePool2d_12", "reshape_13"]);
  });

  test("it is named if there are no samples", async () => {
    const integers = await given({});
    const float = network(8, longer);
    const likeness = likenessOf(float, integers);
    expect(() => quantizeGraph(float, { ...noCalibration, likeness })).toThrow("nothing tells the range of mul_11");
  });

  test("a layer that only one of them has is a warning", async () => {
    const integers = await given({});
    const float = network(8, (n, x) => n.conv(x, 16, 1));
    const [{ code, message }] = likenessOf(float, integers).diagnostics;
    expect([code, message]).toEqual([
      "like.layers-without-twins",
      expect.stringMatching(/without twins in network: conv2d_10$/),
    ]);
  });
});

describe("a graph is refused", () => {
  test("that has other layers than the integer graph, with the first of them", async () => {
    const integers = await given({});
    expect(() => likenessOf(network(9), integers)).toThrow(
      /another architecture than network: 0 of its 4 layers .* the first without is conv2d .*, which gives \[1,8,8,9\]/,
    );
  });

  test("that has other inputs or outputs, or as many integers as the other has none", async () => {
    const integers = await given({});
    const other = parseGraph("graph other\ninput x: f32[1,2]\ny: f32[1,2] = abs(x)\noutput y\noutput x\n", operators);
    expect(codesOf(() => likenessOf(other, integers))).toEqual([
      "like.other-interface",
      "like.other-interface",
      "like.other-architecture",
    ]);
    expect(codesOf(() => likenessOf(network(8), network(8)))).toEqual(["like.no-integers"]);
    expect(codesOf(() => likenessOf(integers, integers))).toEqual(["like.not-float"]);
  });
});
