import { fromNumbers, Graph, type Operator, perAxis, perTensor, type Value, type ValueType } from "@millrace/ir";
import {
  add,
  clamp,
  concat,
  conv2d,
  leakyRelu,
  linear,
  mul,
  pad,
  prelu,
  quantize,
  reshape,
  sub,
  transposeConv2d,
} from "@millrace/ops";
import { referenceEngine } from "@millrace/runtime";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  compileGraph,
  decodeProgram,
  encodeProgram,
  isSegment,
  type Machine,
  machines,
  npuEngine,
  simulate,
} from "./index.ts";

/** Numbers from a fixed sequence, uniform over the integers low … high. */
function sequence(seed: number, count: number, low: number, high: number): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return low + Math.floor((state / 2 ** 32) * (high - low + 1));
  });
}

const countOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

const words = (shape: readonly number[], scale = 3e-4): ValueType => ({
  dtype: "i16",
  shape,
  quantization: perTensor(scale, 0),
});

const constant = (dtype: "i8" | "i16", shape: readonly number[], seed: number) =>
  fromNumbers(
    dtype,
    shape,
    sequence(seed, countOf(shape), dtype === "i8" ? -127 : -32768, dtype === "i8" ? 127 : 32767),
  );

const window = { stride: [1, 1], dilation: [1, 1], padding: [1, 1, 1, 1], layout: "last" };

type Sizes = readonly [number, number, number, number];

const sizesOf = ({ type }: Value) => type.shape as unknown as Sizes;

/** Appends a layer whose weights have a bias of that type, or none. */
function layer(graph: Graph, x: Value, op: Operator, weights: readonly number[], attributes: object, seed: number) {
  const [channels] = weights;
  const scales = sequence(seed, channels, 1, 5).map((share) => share * 0.002);
  const bias = ["i32", "i64", undefined][seed % 3] as "i32" | "i64" | undefined;
  const inputs = [
    x,
    graph.addConstant("w", constant("i8", weights, seed), perAxis(scales, 0)),
    ...(bias ? [graph.addConstant("b", fromNumbers(bias, [channels], sequence(seed, channels, -1e6, 1e6)))] : []),
  ];
  const all = { activation: seed % 2 ? "relu" : "none", ...attributes };
  const [{ shape }] = op.infer(inputs, all);
  const outputTypes = [words(shape as Sizes, 0.004)];
  return graph.addNode({ op, inputs, attributes: all, outputTypes }).outputs[0];
}

/** Steps of a random network on images of 16-bit numbers. */
const steps = {
  window: (graph, x, seed) =>
    layer(graph, x, conv2d, [1 + (seed % 9), 3, 3, sizesOf(x)[3]], { ...window, groups: 1 }, seed),
  depthwise: (graph, x, seed) =>
    layer(graph, x, conv2d, [sizesOf(x)[3], 3, 3, 1], { ...window, groups: sizesOf(x)[3] }, seed),
  transposed: (graph, x, seed) => {
    const [, height, width, depth] = sizesOf(x);
    const attributes = { ...window, stride: [2, 1], groups: 1, outputSize: [2 * height, width] };
    return layer(graph, x, transposeConv2d, [1 + (seed % 5), 3, 3, depth], attributes, seed);
  },
  sum: (graph, x, seed) => pair(graph, x, add, [1, sizesOf(x)[3]], seed),
  difference: (graph, x, seed) => pair(graph, x, sub, sizesOf(x), seed),
  product: (graph, x, seed) => pair(graph, x, mul, [sizesOf(x)[1], 1, 1], seed),
  slopes: (graph, x, seed) => {
    const slopes = graph.addConstant("slopes", constant("i16", [1, 1, sizesOf(x)[3]], seed), perTensor(2e-5, 0));
    return only(graph, prelu, [x, slopes], {}, words(sizesOf(x), 2e-4));
  },
  leaky: (graph, x) => only(graph, leakyRelu, [x], { alpha: 0.2 }, words(sizesOf(x), 2e-4)),
  clamp: (graph, x) => only(graph, clamp, [x], { minimum: 0, maximum: 6 }, words(sizesOf(x), 2e-4)),
  twice: (graph, x) => {
    const [, height, width, depth] = sizesOf(x);
    return only(graph, concat, [x, x], { axis: 3 }, { ...x.type, shape: [1, height, width, 2 * depth] });
  },
  padded: (graph, x) => {
    const [, height, width, depth] = sizesOf(x);
    const attributes = { before: [0, 1, 0, 0], after: [0, 0, 2, 0], mode: "constant", value: 0 };
    return only(graph, pad, [x], attributes, { ...x.type, shape: [1, height + 1, width + 2, depth] });
  },
  bytes: (graph, x) => requantized(graph, requantized(graph, x, "i8", 0.03, -4), "i16", 3e-4, 0),
} satisfies Record<string, (graph: Graph, x: Value, seed: number) => Value>;

function requantized(graph: Graph, x: Value, dtype: "i8" | "i16", scale: number, zero: number): Value {
  const attributes = { dtype, scale: [scale], zeroPoint: [zero], axis: 0, rounding: "away" };
  return only(graph, quantize, [x], attributes, { dtype, shape: sizesOf(x), quantization: perTensor(scale, zero) });
}

function only(graph: Graph, op: Operator, inputs: readonly Value[], attributes: object, type: ValueType): Value {
  return graph.addNode({ op, inputs, attributes: attributes as never, outputTypes: [type] }).outputs[0];
}

/** Arithmetic with a constant that is repeated to the sizes of `x`. */
function pair(graph: Graph, x: Value, op: Operator, shape: readonly number[], seed: number): Value {
  const other = graph.addConstant("other", constant("i16", shape, seed), perTensor(1e-4 * (1 + (seed % 7)), 0));
  return only(graph, op, [x, other], { activation: seed % 2 ? "relu6" : "none" }, words(sizesOf(x), 4e-4));
}

function network(size: Sizes, kinds: readonly { readonly kind: keyof typeof steps; readonly seed: number }[]): Graph {
  const graph = new Graph("words");
  const x = graph.addInput("x", words(size));
  const image = kinds.reduce((value, { kind, seed }) => steps[kind](graph, value, seed), x as Value);
  const count = countOf(sizesOf(image));
  const row = only(graph, reshape, [image], { shape: [1, count] }, { ...image.type, shape: [1, count] });
  graph.setOutputs([layer(graph, row, linear, [5, count], {}, count)]);
  return graph;
}

const machine: Machine = {
  ...machines.imxrt700,
  processor: { ...machines.imxrt700.processor, element: 1e6, product: 1e6, quantizeElement: 1e6 },
};

const kind = fc.record({
  kind: fc.constantFrom(...(Object.keys(steps) as (keyof typeof steps)[])),
  seed: fc.integer({ min: 1, max: 1000 }),
});

describe("an array that takes numbers of 16 bits", () => {
  test("computes random networks as the reference kernels do", async () => {
    const side = fc.integer({ min: 1, max: 7 });
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(fc.constant(1), side, side, side),
        fc.array(kind, { minLength: 1, maxLength: 5 }),
        fc.constantFrom("tflite", "tflm"),
        fc.boolean(),
        async (size, kinds, flavor, ours) => {
          const graph = network(size as unknown as Sizes, kinds);
          const wanted = [...graph.nodes()].flatMap(({ outputs }) => outputs);
          const feeds = new Map([["x", constant("i16", size, 3)]]);
          expect([...compileGraph(graph, machine, { flavor }).reasons.values()]).toEqual([]);
          const expected = await (await referenceEngine({ flavor }).prepare(graph, wanted)).run(feeds);
          const engine = npuEngine(machine, { flavor, mapByLine: ours, joinRows: ours });
          const results = await (await engine.prepare(graph, wanted)).run(feeds);
          for (const [name, { data }] of results) expect(data).toEqual(expected.get(name)!.data);
        },
      ),
      { numRuns: 60 },
    );
  });

  const wide = network([1, 20, 20, 16], [{ kind: "window", seed: 7 }]);

  test("multiplies as many of them in a cycle as it has lanes for", () => {
    const cyclesOf = (wordLanes: number) => {
      const fast = { ...machine, array: { ...machine.array, wordLanes }, ports: { weights: 1e6, data: 1e6 } };
      const [{ program }] = compileGraph(wide, fast).phases.filter(isSegment);
      return simulate(program, fast).events[0].work!.busy;
    };
    expect([8, 4, 2].map(cyclesOf)).toEqual([1, 2, 4].map((share) => 20 * 20 * 9 * 2 * share));
  });

  test("is needed for them", () => {
    const { reasons } = compileGraph(wide, machines.mcxn94x);
    expect([...reasons.values()][0]).toBe("it computes int16; the array takes int8");
    const [{ program }] = compileGraph(wide, machine).phases.filter(isSegment);
    const bytesOnly = { ...machine, array: { ...machine.array, wordLanes: 0 } };
    expect(() => simulate(program, bytesOnly)).toThrow(/takes 16-bit data/);
  });

  test("takes them from even addresses", () => {
    const [{ program }] = compileGraph(wide, machine).phases.filter(isSegment);
    const [first, ...rest] = program.commands;
    const odd = { ...first, fields: { ...first.fields, input: first.fields.input + 1 } };
    expect(() => decodeProgram(encodeProgram({ ...program, commands: [odd, ...rest] }))).toThrow(/odd address/);
  });
});
