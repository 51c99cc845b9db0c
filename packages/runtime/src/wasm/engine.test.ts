import { type Attribute, type DType, Graph, integerRange, perAxis, type Tensor, type Value } from "@millrace/ir";
import { add, averagePool2d, conv2d, linear, mul, reshape, sigmoid, softmax } from "@millrace/ops";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ReferenceOptions, referenceEngine } from "../interpreter.ts";
import { quantized, sequence, tensor } from "../kernels/sample.testing.ts";
import { createScratch } from "../kernels/scratch.ts";
import { planSteps } from "../plan.ts";
import { wasmEngine } from "./engine.ts";
import { createLayout } from "./layout.ts";
import { assemble } from "./program.ts";
import { fastKernels } from "./table.ts";

type Byte = "i8" | "u8";

const count = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

function random(dtype: DType, shape: readonly number[], seed: number): Tensor {
  return tensor(dtype, shape, sequence(seed, count(shape), ...integerRange(dtype)));
}

/** Runs on inputs of all integers that the type has, and expects the reference's results for every value of the graph. */
async function expectSame(graph: Graph, options: ReferenceOptions = {}, seeds: readonly number[] = [1, 2]) {
  const wanted = [...graph.nodes()].flatMap(({ outputs }) => outputs);
  for (const kept of [wanted, []]) {
    const engines = [referenceEngine(options), wasmEngine(options)];
    const [reference, wasm] = await Promise.all(engines.map((engine) => engine.prepare(graph, kept)));
    for (const seed of seeds) {
      const feeds = new Map(
        graph.inputs.map(({ name, type }) => [name, random(type.dtype, type.shape as number[], seed)]),
      );
      const expected = await reference.run(feeds);
      const actual = await wasm.run(feeds);
      expect([...actual.keys()]).toEqual([...expected.keys()]);
      for (const [name, { shape, data }] of expected)
        expect({ name, shape, data: actual.get(name)?.data }).toEqual({ name, shape, data });
    }
  }
}

const context = { rounding: "double", flavor: "tflite", scratch: createScratch() } as const;

/** Whether any of a graph's nodes leaves the reference kernels. */
async function isFast(graph: Graph): Promise<boolean> {
  const kept = new Set(graph.outputs);
  return (await assemble(planSteps(graph, kept, context), kept, context, new Map())).fast !== undefined;
}

/** The module's operation for a graph's only node. */
function operationOf(graph: Graph): string | undefined {
  const [step] = planSteps(graph, new Set(graph.outputs), context);
  if (step.bodies) return undefined;
  const { node, kernel } = step;
  const typeOf = (value: Value | undefined) => value!.type as { readonly shape: readonly number[] };
  const fast = fastKernels[node.op.name as "conv2d"]?.({ node, kernel, context, typeOf });
  const slots = new Map([...graph.inputs, ...graph.outputs].map((value) => [value, { bytes: 1, from: 0, to: 0 }]));
  return fast?.place(createLayout(0, slots, (value) => value))?.operation;
}

interface Layer {
  readonly x: readonly number[];
  readonly weights: readonly number[];
  readonly stride?: readonly number[];
  readonly dilation?: readonly number[];
  readonly padding?: readonly number[];
  readonly groups?: number;
  readonly activation?: string;
  readonly type?: Byte;
  /** Scale of the result; 0.02 · 0.001 is that of sums. */
  readonly scale?: number;
  readonly weightScale?: number;
  /** Zero points of the result and of the data. */
  readonly zero?: number;
  readonly dataZero?: number;
  /** Size of the greatest bias. */
  readonly bias?: number;
}

/** A convolution, or a fully connected layer where the weights have two axes. */
function layer(init: Layer): Graph {
  const { x, weights, stride = [1, 1], dilation = [1, 1], padding = [0, 0, 0, 0], groups = 1 } = init;
  const { activation = "none", type = "i8", scale = 0.05, weightScale = 0.001, bias = 30000 } = init;
  const { zero = type === "u8" ? 103 : 3, dataZero = type === "u8" ? 100 : -7 } = init;
  const [channels] = weights;
  const graph = new Graph("layer");
  const scales = Array.from({ length: channels }, (_, index) => weightScale * (1 + (index % 5)));
  const filter = random("i8", weights, 3);
  const inputs = [
    graph.addInput("x", quantized(type, x, 0.02, dataZero)),
    graph.addConstant("weights", filter, perAxis(scales, 0)),
    graph.addConstant("bias", tensor("i32", [channels], sequence(4, channels, -bias, bias))),
  ];
  const op = weights.length === 2 ? linear : conv2d;
  const attributes: Record<string, Attribute> =
    op === linear ? { activation } : { stride, dilation, padding, groups, activation, layout: "last" };
  const [{ shape }] = op.infer(inputs, attributes);
  const outputTypes = [quantized(type, shape as number[], scale, zero)];
  graph.setOutputs(graph.addNode({ op, inputs, attributes, outputTypes, name: "y" }).outputs);
  return graph;
}

const same = [1, 1, 1, 1];

const layers: Readonly<Record<string, Layer>> = {
  "one pixel": { x: [1, 9, 7, 16], weights: [24, 1, 1, 16], activation: "relu" },
  "one pixel, odd counts": { x: [2, 3, 3, 7], weights: [13, 1, 1, 7] },
  "one pixel of unsigned data": { x: [1, 5, 5, 8], weights: [8, 1, 1, 8], type: "u8", activation: "relu6" },
  "one pixel with stride": { x: [1, 5, 5, 4], weights: [3, 1, 1, 4], stride: [2, 2] },
  "3 by 3, three channels": { x: [1, 8, 9, 3], weights: [9, 3, 3, 3], padding: same, stride: [2, 1] },
  "one channel, lopsided padding": { x: [1, 4, 4, 1], weights: [2, 3, 3, 1], padding: [0, 2, 1, 0] },
  "batch, stride and dilation": { x: [2, 8, 7, 3], weights: [4, 3, 2, 3], stride: [2, 1], dilation: [2, 3] },
  "several bands": { x: [2, 40, 64, 32], weights: [8, 3, 3, 32], padding: same },
  "tiles, several bands": { x: [2, 39, 33, 17], weights: [18, 3, 3, 17], padding: [1, 2, 0, 1] },
  "windows that leave data over": { x: [1, 9, 9, 8], weights: [8, 2, 2, 8], stride: [4, 3] },
  depthwise: { x: [1, 9, 8, 16], weights: [16, 3, 3, 1], groups: 16, padding: same },
  "depthwise, unsigned, stride": { x: [2, 9, 9, 11], weights: [11, 3, 3, 1], groups: 11, stride: [2, 2], type: "u8" },
  "depthwise 5 by 4": { x: [1, 9, 9, 6], weights: [6, 5, 4, 1], groups: 6, dilation: [1, 2], padding: [2, 1, 2, 1] },
  "fully connected": { x: [1, 130], weights: [20, 130] },
  "fully connected, several rows": { x: [7, 30], weights: [17, 30], activation: "relu" },
  "factors that are powers of two": { x: [3, 16], weights: [8, 16], scale: 0.02 * 2, weightScale: 2 ** -6 },
  "factors near 1": { x: [1, 4, 4, 2], weights: [5, 1, 1, 2], scale: 0.02 * 0.0011 },
  "factors near 0": { x: [1, 4, 4, 2], weights: [5, 1, 1, 2], scale: 3000 },
};

const size = (least: number, greatest: number) => fc.integer({ min: least, max: greatest });
const pair = (greatest: number) => fc.tuple(size(1, greatest), size(1, greatest));

/** Convolutions with odd channels, strides, dilations and paddings, extreme zero points, scales that saturate, large biases. */
const randomLayer: fc.Arbitrary<Layer> = fc
  .record({
    shape: fc.tuple(size(1, 2), size(1, 9), size(1, 9), size(1, 19)),
    kernel: fc.oneof(fc.constant([1, 1] as const), fc.constant([3, 3] as const), pair(4)),
    channels: size(1, 21),
    kind: fc.constantFrom("convolution", "convolution", "depthwise", "depthwise", "linear", "tiles"),
    stride: pair(3),
    dilation: fc.oneof({ weight: 3, arbitrary: fc.constant([1, 1] as const) }, pair(2)),
    padding: fc.tuple(size(0, 2), size(0, 2), size(0, 2), size(0, 2)),
    activation: fc.constantFrom("none", "relu", "relu6"),
    type: fc.constantFrom<Byte>("i8", "u8"),
    zeros: fc.tuple(fc.constantFrom(0, 1, 128, 254, 255), fc.constantFrom(0, 3, 128, 255)),
    scale: fc.constantFrom(0.0005, 0.004, 0.05, 0.4),
    weightScale: fc.constantFrom(0.001, 2 ** -9),
    bias: fc.constantFrom(0, 30000, 2 ** 28),
  })
  .filter(({ shape, kernel, dilation, padding }) =>
    [0, 1].every((axis) => shape[axis + 1] + padding[axis] + padding[axis + 2] > (kernel[axis] - 1) * dilation[axis]),
  )
  .map(({ shape, kernel, channels, kind, zeros, ...rest }): Layer => {
    const [dataZero, zero] = zeros.map((stored) => (rest.type === "u8" ? stored : stored - 128));
    const [batches, , , depth] = shape;
    if (kind === "linear") return { ...rest, x: [batches, depth], weights: [channels, depth], dataZero, zero };
    if (kind === "tiles") {
      const { stride, dilation, ...plain } = rest;
      const x = [batches, shape[1] + 3, shape[2] + 3, depth + 16];
      return { ...plain, x, weights: [channels + 15, 3, 3, depth + 16], dataZero, zero };
    }
    const weights = kind === "depthwise" ? [depth, ...kernel, 1] : [channels, ...kernel, depth];
    return { ...rest, x: shape, weights, groups: kind === "depthwise" ? depth : 1, dataZero, zero };
  });

describe("fast kernels give the reference's integers", () => {
  for (const [name, init] of Object.entries(layers)) {
    it.each([{}, { flavor: "tflm" }, { rounding: "single", flavor: "tflm" }] as const)(
      `${name}: %o`,
      async (options) => {
        const graph = layer(init);
        expect(await isFast(graph)).toBe(true);
        await expectSame(graph, options);
      },
    );
  }

  it.each([
    ["multiply", { x: [1, 4, 4, 3], weights: [9, 2, 2, 3] }],
    ["multiplyRow", { x: [1, 33], weights: [21, 33] }],
    ["multiplyRow", { x: [1, 1, 1, 8], weights: [24, 1, 1, 8] }],
    ["multiply", { x: [2, 33], weights: [21, 33] }],
    ["filter", { x: [1, 6, 6, 5], weights: [5, 3, 2, 1], groups: 5 }],
    ["filter", { x: [1, 9, 9, 5], weights: [5, 3, 3, 1], groups: 5, stride: [1, 3] }],
    ["filter", { x: [1, 9, 9, 5], weights: [5, 3, 3, 1], groups: 5, dilation: [1, 2] }],
    ["multiplyTiles", { x: [1, 6, 7, 16], weights: [16, 3, 3, 16] }],
    ["multiply", { x: [1, 6, 7, 16], weights: [16, 3, 3, 16], stride: [1, 2] }],
    ["filterNine", { x: [1, 6, 7, 5], weights: [5, 3, 3, 1], groups: 5 }],
    ["filterNine", { x: [1, 6, 7, 5], weights: [5, 3, 3, 1], groups: 5, stride: [3, 2] }],
  ] as const)("%s computes %o", (operation, init) => {
    expect(operationOf(layer(init))).toBe(operation);
  });

  it("random layers of all kinds", async () => {
    const taken = new Set<string | undefined>();
    await fc.assert(
      fc.asyncProperty(randomLayer, fc.constantFrom("double", "single"), async (init, rounding) => {
        const graph = layer(init);
        taken.add(operationOf(graph));
        await expectSame(graph, { rounding }, [1]);
      }),
      { numRuns: 150, seed: 7 },
    );
    expect([...taken].sort()).toEqual(["filter", "filterNine", "multiply", "multiplyRow", "multiplyTiles"]);
  });

  it("a layer whose factors are too great runs in its reference kernel", async () => {
    const graph = layer({ x: [1, 4, 4, 2], weights: [5, 1, 1, 2], scale: 1e-9, activation: "relu6" });
    expect(await isFast(graph)).toBe(false);
    await expectSame(graph);
  });

  it.each(["i8", "u8"] as const)("average pools of %s, padding counted or not", async (type) => {
    for (const countPadding of [true, false]) {
      const attributes = {
        kernel: [3, 2],
        stride: [2, 2],
        padding: [1, 1, 2, 0],
        countPadding,
        layout: "last",
        activation: "none",
      };
      const graph = new Graph("pool");
      const x = graph.addInput("x", quantized(type, [2, 9, 8, 13], 0.1, 5));
      const [{ shape }] = averagePool2d.infer([x], attributes);
      const outputTypes = [quantized(type, shape as number[], 0.1, 5)];
      graph.setOutputs(graph.addNode({ op: averagePool2d, inputs: [x], attributes, outputTypes }).outputs);
      expect(await isFast(graph)).toBe(true);
      await expectSame(graph);
    }
  });
});

/** Branches, tables, a reshape, and nodes that only the reference computes, one after another. */
function mixture(): Graph {
  const graph = new Graph("mixture");
  const shape = [1, 16, 8, 16];
  const x = graph.addInput("x", quantized("i8", shape, 0.05, -3));
  const unary = (op: typeof sigmoid, input: Value, name: string) =>
    graph.addNode({ op, inputs: [input], attributes: {}, outputTypes: [quantized("i8", shape, 1 / 256, -128)], name })
      .outputs[0];
  const binary = (op: typeof add, inputs: readonly Value[], name: string, sizes = shape) =>
    graph.addNode({
      op,
      inputs,
      attributes: { activation: "none" },
      outputTypes: [quantized("i8", sizes, 0.1, 4)],
      name,
    }).outputs[0];
  const gate = unary(sigmoid, x, "gate");
  const product = binary(mul, [x, gate], "product");
  const sum = binary(add, [product, x], "sum");
  const constant = graph.addConstant("constant", random("i8", shape, 9), quantized("i8", shape, 0.02, 1).quantization);
  const shifted = binary(add, [sum, constant], "shifted");
  const flat = { op: reshape, attributes: { shape: [128, 16] }, outputTypes: [quantized("i8", [128, 16], 0.1, 4)] };
  const rows = graph.addNode({ ...flat, inputs: [shifted], name: "rows" }).outputs[0];
  const shares = {
    op: softmax,
    attributes: { axis: 1, beta: 1 },
    outputTypes: [quantized("i8", [128, 16], 1 / 256, -128)],
  };
  const share = graph.addNode({ ...shares, inputs: [rows], name: "share" }).outputs[0];
  const both = binary(mul, [share, rows], "both", [128, 16]);
  graph.setOutputs([both, gate]);
  return graph;
}

describe("the engine", () => {
  it("mixes fast kernels and reference kernels in one graph", async () => {
    expect(await isFast(mixture())).toBe(true);
    await expectSame(mixture());
  });

  it("keeps runs apart that are started at once, and results from later runs", async () => {
    const graph = mixture();
    const wasm = await wasmEngine().prepare(graph);
    const reference = await referenceEngine().prepare(graph);
    const feeds = [1, 2, 3].map((seed) => new Map([["x", random("i8", [1, 16, 8, 16], seed)]]));
    const onProgress = () => {};
    const results = await Promise.all(feeds.map((feed) => wasm.run(feed, { onProgress })));
    for (const [index, feed] of feeds.entries()) expect(results[index]).toEqual(await reference.run(feed));
  });

  it("runs symbolic sizes, each as it is fed", async () => {
    const graph = new Graph("batches");
    const type = (name: string) => ({ ...quantized("i8", [1, 64, 64], 0.1, 2), shape: [name, 64, 64] });
    const inputs = [graph.addInput("a", type("N")), graph.addInput("b", type("N"))];
    const init = { op: add, inputs, attributes: { activation: "none" }, outputTypes: [type("N")] };
    graph.setOutputs(graph.addNode(init).outputs);
    const wasm = await wasmEngine().prepare(graph);
    const reference = await referenceEngine().prepare(graph);
    for (const size of [1, 3, 2]) {
      const feeds = new Map(["a", "b"].map((name, seed) => [name, random("i8", [size, 64, 64], seed)]));
      expect(await wasm.run(feeds)).toEqual(await reference.run(feeds));
    }
  });

  it("refuses feeds that don't fit, and runs after it was disposed", async () => {
    const graph = mixture();
    const wasm = await wasmEngine().prepare(graph);
    await expect(wasm.run(new Map())).rejects.toMatchObject({ diagnostics: [{ code: "runtime.feed-missing" }] });
    await wasm.dispose();
    const feeds = new Map([["x", random("i8", [1, 16, 8, 16], 1)]]);
    await expect(wasm.run(feeds)).rejects.toMatchObject({ diagnostics: [{ code: "runtime.disposed" }] });
  });
});
