import {
  DiagnosticError,
  fromNumbers,
  type Graph,
  numbersOf,
  parseGraph,
  type Tensor,
  type Value,
  verify,
} from "@millrace/ir";
import { evaluateGraph, linear, operators, sigmoid, sin } from "@millrace/ops";
import { channelsLast, cleanUp, quantizeConstant, runPasses } from "@millrace/passes";
import { referenceEngine } from "@millrace/runtime";
import { describe, expect, test } from "vitest";
import { numberStream, randomTensor } from "../../passes/src/testing.ts";
import { histogram, NetworkBuilder } from "../../passes/src/testing-graphs.ts";
import { calibrate } from "./calibrate.ts";
import { activationParameters } from "./parameters.ts";
import { type QuantizeOptions, quantizeGraph } from "./quantize.ts";

function samplesOf(graph: Graph, count: number): ReadonlyMap<string, Tensor>[] {
  const next = numberStream(11);
  return Array.from(
    { length: count },
    () => new Map(graph.inputs.map(({ name, type }) => [name, randomTensor(type.shape, next)])),
  );
}

async function* stream<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

async function quantized(graph: Graph, options: QuantizeOptions = {}) {
  const calibration = await calibrate(graph, referenceEngine(), stream(samplesOf(graph, 8)));
  return quantizeGraph(graph, calibration, options);
}

function residualNetwork(): Graph {
  const n = new NetworkBuilder();
  const x = n.relu(n.conv(n.input("x", [1, 3, 8, 8]), 8, 3, { padding: 1 }), 6);
  const y = n.conv(n.relu(n.conv(x, 8, 3, { padding: 1, groups: 8 })), 8, 1);
  const z = n.relu(n.add(x, y));
  const graph = n.finish(n.softmax(n.linear(n.reshape(n.averagePool(z, 8), [1, 8]), 5)));
  runPasses(graph, [...cleanUp, ...channelsLast([])]);
  return graph;
}

function typeOf(value: Value) {
  const { dtype, quantization } = value.type;
  return { dtype, scale: quantization?.scale, zeroPoint: quantization?.zeroPoint };
}

describe("int8 form of a float graph", () => {
  test("computes nearly the same, without a node more", async () => {
    const float = residualNetwork();
    const { graph } = await quantized(float);
    expect(histogram(graph)).toEqual(histogram(float));
    const prepared = await referenceEngine().prepare(graph);
    for (const feeds of samplesOf(float, 4)) {
      const [expected] = [...evaluateGraph(float, feeds)].flatMap(([value, tensor]) =>
        value === float.outputs[0] ? [tensor] : [],
      );
      const { scale, zeroPoint } = graph.inputs[0].type.quantization!;
      const steps = Array.from(numbersOf(feeds.get("x")!), (value) =>
        Math.max(-128, Math.min(127, Math.round(value / scale[0]) + zeroPoint[0])),
      );
      const results = await prepared.run(
        new Map([["x", fromNumbers("i8", graph.inputs[0].type.shape as number[], steps)]]),
      );
      const actual = Array.from(numbersOf(results.get(graph.outputs[0].name)!), (q) => (q + 128) / 256);
      numbersOf(expected);
      actual.forEach((value, index) => {
        expect(Math.abs(value - numbersOf(expected)[index])).toBeLessThan(0.03);
      });
    }
  });

  test("pools and reshapes share the parameters of their input; softmax has its own", async () => {
    const { graph } = await quantized(residualNetwork());
    for (const node of graph.nodes()) {
      const [output] = node.outputs;
      if (node.op.quantization.kind === "same") expect(typeOf(output)).toEqual(typeOf(node.inputs[0]!));
      if (node.op.name === "softmax")
        expect(typeOf(output)).toEqual({ dtype: "i8", scale: [1 / 256], zeroPoint: [-128] });
    }
  });

  test("weights are symmetric per output channel and biases carry the product of scales", async () => {
    const { graph } = await quantized(residualNetwork());
    const conv = [...graph.nodes()].find(({ op }) => op.name === "conv2d")!;
    const [x, weights, bias] = conv.inputs as readonly Value[];
    expect(weights.type.quantization).toMatchObject({ axis: 0, zeroPoint: new Array(8).fill(0) });
    expect(Math.max(...Array.from(numbersOf(weights.constant!), Math.abs))).toBe(127);
    weights.type.quantization!.scale.forEach((scale, channel) => {
      expect(bias.type.quantization!.scale[channel]).toBe(Math.fround(scale * x.type.quantization!.scale[0]));
    });
  });

  test("per tensor gives one scale", async () => {
    const { graph } = await quantized(residualNetwork(), { perTensor: true });
    const conv = [...graph.nodes()].find(({ op }) => op.name === "conv2d")!;
    expect(conv.inputs[1]!.type.quantization!.scale).toHaveLength(1);
  });

  test.each([
    ["int8", "i8", "i8", 0],
    ["uint8", "u8", "u8", 2],
    ["float32", "f32", "f32", 2],
  ] as const)("%s inputs and outputs", async (io, input, output, conversions) => {
    const float = residualNetwork();
    const { graph } = await quantized(float, { io });
    expect([graph.inputs[0].type.dtype, graph.outputs[0].type.dtype]).toEqual([input, output]);
    expect(graph.size).toBe(float.size + conversions);
    expect(graph.inputs[0].name).toBe("x");
  });

  test("a concatenation with a sigmoid requantizes only the sigmoid", async () => {
    const n = new NetworkBuilder();
    const x = n.conv(n.input("x", [1, 3, 8, 8]), 4, 3);
    const graph = n.finish(n.conv(n.concat([n.node(sigmoid, [n.conv(x, 4, 1)]), x]), 4, 1));
    runPasses(graph, [...cleanUp, ...channelsLast([])]);
    const { graph: integers } = await quantized(graph);
    expect(histogram(integers)).toEqual({ ...histogram(graph), quantize: 1 });
  });

  test("an operator without integer form computes in float between conversions and is named", async () => {
    const n = new NetworkBuilder();
    const graph = n.finish(n.conv(n.node(sin, [n.conv(n.input("x", [1, 3, 8, 8]), 4, 1)]), 4, 1));
    runPasses(graph, [...cleanUp, ...channelsLast([])]);
    const { graph: integers, diagnostics } = await quantized(graph);
    expect(histogram(integers)).toMatchObject({ quantize: 1, dequantize: 1, sin: 1, conv2d: 2 });
    expect(diagnostics).toMatchObject([{ code: "quantize.stays-float", at: { node: "sin_1" } }]);
  });

  test("a bias that does not fit beside tiny weights gives its channel a coarser scale in 8 and in 16 bits", async () => {
    for (const scheme of ["int8", "int16x8"] as const) {
      const n = new NetworkBuilder();
      const channels = [...Array(32).keys()];
      const each = channels.flatMap((channel) => (channel === 0 ? [0.5, 1] : [1e-30, 2e-30]));
      const weights = n.graph.addConstant("w", fromNumbers("f32", [32, 2], each));
      const bias = n.graph.addConstant("b", fromNumbers("f32", [32], channels.map(Math.sqrt)));
      const graph = n.finish(n.node(linear, [n.input("x", [1, 2]), weights, bias], { activation: "none" }));
      const { diagnostics } = await quantized(graph, { scheme });
      expect(diagnostics).toMatchObject([{ code: "quantize.idle-channels", severity: "info" }]);
    }
  });

  test.each([false, true])(
    "a bias far above what the weights add coarsens their scale, with a warning (per tensor: %s)",
    async (perTensor) => {
      const n = new NetworkBuilder();
      const weights = n.graph.addConstant("w", fromNumbers("f32", [2, 2], [1e-6, 1e-6, 1e-9, -1e-9]));
      const bias = n.graph.addConstant("b", fromNumbers("f32", [2], [1e-3, 1000]));
      const graph = n.finish(n.node(linear, [n.input("x", [1, 2]), weights, bias], { activation: "none" }));
      const { graph: integers, diagnostics } = await quantized(graph, { perTensor, io: "float32" });
      expect(diagnostics).toMatchObject([
        { code: "quantize.bias-exceeds-weights", severity: "warning", at: { node: "linear_0", value: "b" } },
      ]);
      expect(diagnostics[0].message).toContain("channel 1 ");
      const prepared = await referenceEngine().prepare(integers);
      const results = await prepared.run(new Map([["x", fromNumbers("f32", [1, 2], [0.5, -0.5])]]));
      expect(numbersOf(results.get(integers.outputs[0].name)!)[1]).toBeCloseTo(1000, 2);
    },
  );

  test("a bias that fits with no scale that float32 has is an error that names the layer", async () => {
    const n = new NetworkBuilder();
    const constant = (name: string, shape: readonly number[], number: number) =>
      n.graph.addConstant(name, fromNumbers("f32", shape, [number]));
    const small = n.node(linear, [n.input("x", [1, 1]), constant("w", [1, 1], 1e-30), undefined], {
      activation: "none",
    });
    const y = n.node(linear, [small, constant("v", [1, 1], 1), constant("b", [1], 1e30)], { activation: "none" });
    const failure = await quantized(n.finish(y)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DiagnosticError);
    expect((failure as DiagnosticError).diagnostics).toMatchObject([
      { code: "quantize.bias-saturates", at: { node: "linear_1", value: "b" } },
    ]);
  });
});

test("calibration without samples is an error", async () => {
  await expect(calibrate(residualNetwork(), referenceEngine(), stream([]))).rejects.toMatchObject({
    diagnostics: [{ code: "quantize.no-calibration-data" }],
  });
});

test("activation parameters hold zero exactly and the whole range", () => {
  expect(activationParameters({ minimum: 0, maximum: 6 }, "i8")).toEqual({
    scale: [Math.fround(6 / 255)],
    zeroPoint: [-128],
  });
  expect(activationParameters({ minimum: 1, maximum: 255 }, "i8")).toEqual({ scale: [1], zeroPoint: [-128] });
  expect(activationParameters({ minimum: -255, maximum: -3 }, "i8")).toEqual({ scale: [1], zeroPoint: [127] });
  expect(activationParameters({ minimum: 0, maximum: 0 }, "i8")).toEqual({ scale: [1], zeroPoint: [0] });
});

test("a channel of tiny weights beside others takes a coarser scale so that its bias fits", async () => {
  const n = new NetworkBuilder();
  const weights = n.graph.addConstant("w", fromNumbers("f32", [2, 2], [1, -1, 1e-12, 1e-12]));
  const bias = n.graph.addConstant("b", fromNumbers("f32", [2], [0.5, 1]));
  const graph = n.finish(n.node(linear, [n.input("x", [1, 2]), weights, bias], { activation: "none" }));
  const { graph: integers, diagnostics } = await quantized(graph);
  const [node] = [...integers.nodes()];
  const stored = numbersOf(node.inputs[2]!.constant!);
  expect(diagnostics).toMatchObject([{ code: "quantize.idle-channels", severity: "info" }]);
  expect(stored[1] * node.inputs[2]!.type.quantization!.scale[1]).toBeCloseTo(1, 6);
  expect(stored[1]).toBeLessThanOrEqual(2 ** 30);
});

describe("states", () => {
  /** y = relu(x · w + the y of the run before); the second state has no integer form. */
  const text = `graph stateful
    input x: f32[1,2]
    input before: f32[1,2]
    input phase: f32[1,2]
    constant w: f32[2,2] = [0.5, -0.25, 0.125, 0.75]
    a: f32[1,2] = linear(x, w) {activation=none}
    y: f32[1,2] = add(a, before) {activation=relu}
    z: f32[1,2] = sin(phase)
    output y
    output y as after
    output z as next
    state before from after = [0.5, 1]
    state phase from next = [1, 2]`;
  const runs = [1, -0.5, 0.25, 0.75].map((value) => fromNumbers("f32", [1, 2], [value, -value / 2]));

  async function resultsOf(graph: Graph, feed: (x: Tensor) => Tensor): Promise<readonly Tensor[]> {
    const prepared = await referenceEngine().prepare(graph);
    const results: Tensor[] = [];
    for (const x of runs) results.push((await prepared.run(new Map([["x", feed(x)]]))).get(graph.outputs[0].name)!);
    return results;
  }

  test.each(["int8", "float32"] as const)(
    "are kept in parameters of their own; the user's values are %s",
    async (io) => {
      const float = parseGraph(text, operators);
      const samples = stream(runs.map((x) => new Map([["x", x]])));
      const { graph, diagnostics } = quantizeGraph(float, await calibrate(float, referenceEngine(), samples), { io });
      expect(verify(graph)).toEqual([]);
      expect(graph.states.map(({ input, output, initial }) => [input, output, initial?.dtype])).toEqual([
        ["before", "after", "i8"],
        ["phase", "next", "f32"],
      ]);
      expect(typeOf(graph.inputs[1])).toEqual(typeOf(graph.outputs[1]));
      expect(graph.inputs.map(({ type }) => type.dtype)).toEqual([io === "int8" ? "i8" : "f32", "i8", "f32"]);
      expect(diagnostics.map(({ at }) => at?.node)).toEqual(["z"]);
      const { quantization } = graph.inputs[0].type;
      const stored = (x: Tensor) => (quantization ? quantizeConstant(x, { dtype: "i8", quantization }) : x);
      const scaled = (y: Tensor) => {
        const { quantization: result } = graph.outputs[0].type;
        return Array.from(numbersOf(y), (item) => (result ? (item - result.zeroPoint[0]) * result.scale[0] : item));
      };
      const wanted = (await resultsOf(float, (x) => x)).flatMap((y) => Array.from(numbersOf(y)));
      const actual = (await resultsOf(graph, stored)).flatMap(scaled);
      for (const [at, value] of wanted.entries()) expect(Math.abs(actual[at] - value)).toBeLessThan(0.04);
    },
  );
});
