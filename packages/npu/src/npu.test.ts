import { fromNumbers, Graph, perAxis, perTensor, type Tensor, type Value, type ValueType } from "@millrace/ir";
import {
  add,
  averagePool2d,
  concat,
  conv2d,
  linear,
  matmul,
  maxPool2d,
  mean,
  mul,
  pad,
  prelu,
  reduceMax,
  reduceMin,
  reshape,
  sigmoid,
  transposeConv2d,
} from "@millrace/ops";
import { referenceEngine } from "@millrace/runtime";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileGraph, isSegment, type Machine, machines, npuEngine, profileCompilation } from "./index.ts";

type Sizes = readonly [number, number, number, number];

/** Numbers from a fixed sequence, uniform over the integers low … high. */
function sequence(seed: number, count: number, low: number, high: number): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return low + Math.floor((state / 2 ** 32) * (high - low + 1));
  });
}

const typeOf = (shape: readonly number[], scale = 0.05, zero = 3): ValueType => ({
  dtype: "i8",
  shape,
  quantization: perTensor(scale, zero),
});

const count = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

/** Integers of all sizes, or small ones for every fourth seed. */
function bytes(seed: number, shape: readonly number[]): Tensor {
  const range = seed % 4 === 0 ? 16 : 1;
  return fromNumbers("i8", shape, sequence(seed, count(shape), -128 / range, Math.floor(127 / range)));
}

const kinds = [
  "one-pixel",
  "window",
  "depthwise",
  "grouped",
  "transposed",
  "product",
  "mean",
  "greatest",
  "sum",
  "weighted-pixels",
  "sigmoid",
  "slopes",
  "greatest-of-row",
  "least-of-column",
  "mean-of-row",
  "mean-of-image",
  "mean-of-channels",
  "twice",
  "padded",
] as const;

/** A step of a random network. */
interface Step {
  readonly kind: (typeof kinds)[number];
  readonly channels: number;
  readonly stride: number;
  readonly seed: number;
}

/** Groups of a convolution's channels: of one each, or of the fewest that divide them. */
function groupsOf(kind: Step["kind"], depth: number): number {
  if (kind === "depthwise") return depth;
  return kind === "grouped" ? ([2, 3, 5, 7, 11].find((divisor) => depth % divisor === 0) ?? 1) : 1;
}

const reductions: Readonly<Record<string, readonly [typeof mean, readonly number[]]>> = {
  "greatest-of-row": [reduceMax, [2]],
  "least-of-column": [reduceMin, [1]],
  "mean-of-row": [mean, [2]],
  "mean-of-image": [mean, [1, 2]],
  "mean-of-channels": [mean, [3]],
};

/** Appends a step to a network whose data are images. */
function append(graph: Graph, x: Value, { kind, channels, stride, seed }: Step): Value {
  const [, height, width, depth] = x.type.shape as unknown as Sizes;
  const output = (shape: readonly number[]) => ({
    outputTypes: [typeOf(shape, 0.01 * (1 + (seed % 9)), (seed % 7) - 3)],
  });
  if (kind === "sigmoid") {
    const outputTypes = [typeOf(x.type.shape as Sizes, 1 / 256, -128)];
    return graph.addNode({ op: sigmoid, inputs: [x], attributes: {}, outputTypes }).outputs[0];
  }
  if (kind === "sum") {
    const attributes = { activation: seed % 2 ? "relu" : "none" };
    return graph.addNode({ op: add, inputs: [x, x], attributes, ...output(x.type.shape as Sizes) }).outputs[0];
  }
  if (kind === "weighted-pixels") {
    const factors = graph.addConstant("factors", bytes(seed, [height, 1, 1]), perTensor(0.02, seed % 5));
    const attributes = { activation: "none" };
    return graph.addNode({ op: mul, inputs: [x, factors], attributes, ...output(x.type.shape as Sizes) }).outputs[0];
  }
  if (kind === "slopes") {
    const slopes = graph.addConstant("slopes", bytes(seed, [1, 1, depth]), perTensor(0.01, seed % 5));
    return graph.addNode({ op: prelu, inputs: [x, slopes], attributes: {}, ...output(x.type.shape as Sizes) })
      .outputs[0];
  }
  if (kind in reductions) {
    const [op, axes] = reductions[kind];
    const attributes = { axes, keepDims: true };
    const shape = (x.type.shape as Sizes).map((size, axis) => (axes.includes(axis) ? 1 : size));
    const types = op === mean ? output(shape) : { outputTypes: [{ ...x.type, shape }] };
    return graph.addNode({ op, inputs: [x], attributes, ...types }).outputs[0];
  }
  if (kind === "twice") {
    const shape = [1, height, width, 2 * depth];
    return graph.addNode({ op: concat, inputs: [x, x], attributes: { axis: 3 }, outputTypes: [{ ...x.type, shape }] })
      .outputs[0];
  }
  if (kind === "padded") {
    const attributes = { before: [0, 1, 0, 0], after: [0, 0, 2, 0], mode: "constant", value: 0 };
    const shape = [1, height + 1, width + 2, depth];
    return graph.addNode({ op: pad, inputs: [x], attributes, outputTypes: [{ ...x.type, shape }] }).outputs[0];
  }
  if (kind === "mean" || kind === "greatest") {
    const window = { kernel: [2, 2], stride: [stride, stride], padding: [0, 0, 1, 1], layout: "last" };
    const attributes = {
      ...window,
      ...(kind === "mean" ? { countPadding: false, activation: "none" } : { dilation: [1, 1], activation: "none" }),
    };
    const op = kind === "mean" ? averagePool2d : maxPool2d;
    const [{ shape }] = op.infer([x], attributes);
    return graph.addNode({ op, inputs: [x], attributes, outputTypes: [{ ...x.type, shape }] }).outputs[0];
  }
  if (kind === "transposed") return appendTransposed(graph, x, { kind, channels, stride, seed });
  if (kind === "product") {
    const transposeB = seed % 2 === 0;
    const factor = bytes(seed, transposeB ? [channels, depth] : [depth, channels]);
    const inputs = [x, graph.addConstant("factor", factor, perTensor(0.004, 0))];
    const attributes = { transposeA: false, transposeB };
    return graph.addNode({ op: matmul, inputs, attributes, ...output([1, height, width, channels]) }).outputs[0];
  }
  const groups = groupsOf(kind, depth);
  const outputs = { depthwise: depth, grouped: groups * Math.ceil(channels / groups) }[kind as string] ?? channels;
  const kernel = kind === "one-pixel" ? 1 : 3;
  const weights = [outputs, kernel, kernel, depth / groups];
  const scales = Array.from({ length: outputs }, (_, index) => 0.002 * (1 + (index % 5)));
  const around = kernel === 1 ? [0, 0, 0, 0] : [1, 1, 1, 1];
  const attributes = {
    stride: [stride, stride],
    dilation: [1, 1],
    padding: around,
    groups,
    layout: "last",
    activation: seed % 3 ? "relu6" : "none",
  };
  const bias = fromNumbers("i32", [outputs], sequence(seed + 1, outputs, -2000, 2000));
  const inputs = [x, graph.addConstant("w", bytes(seed, weights), perAxis(scales, 0)), graph.addConstant("b", bias)];
  const [{ shape }] = conv2d.infer(inputs, attributes);
  return graph.addNode({ op: conv2d, inputs, attributes, ...output(shape as Sizes) }).outputs[0];
}

/** Appends a transposed convolution that crops and enlarges its full result by what the seed tells. */
function appendTransposed(graph: Graph, x: Value, { channels, stride, seed }: Step): Value {
  const [, height, width, depth] = x.type.shape as unknown as Sizes;
  const kernel = [1 + (seed % 4), 1 + (seed % 3)];
  const padding = [seed % kernel[0], (seed + 1) % kernel[1], 0, 0];
  const outputSize = [height, width].map((size, axis) => Math.max(1, size * stride + (seed % 5) - 1 + axis));
  const scales = Array.from({ length: channels }, (_, index) => 0.002 * (1 + (index % 5)));
  const weights = graph.addConstant("w", bytes(seed, [channels, ...kernel, depth]), perAxis(scales, 0));
  const bias = graph.addConstant("b", fromNumbers("i32", [channels], sequence(seed, channels, -2000, 2000)));
  const attributes = {
    stride: [stride, 1 + (seed % 2)],
    dilation: [1, 1],
    padding,
    outputSize,
    groups: 1,
    layout: "last",
    activation: seed % 3 ? "relu" : "none",
  };
  const outputTypes = [typeOf([1, ...outputSize, channels], 0.03, (seed % 7) - 3)];
  return graph.addNode({ op: transposeConv2d, inputs: [x, weights, bias], attributes, outputTypes }).outputs[0];
}

function network(sizes: Sizes, steps: readonly Step[]): Graph {
  const graph = new Graph("network");
  const x = graph.addInput("x", typeOf(sizes));
  const images = steps.reduce((value, step) => append(graph, value, step), x as Value);
  const flat = [1, count(images.type.shape as Sizes)];
  const rows = graph.addNode({
    op: reshape,
    inputs: [images],
    attributes: { shape: flat },
    outputTypes: [{ ...images.type, shape: flat }],
  }).outputs[0];
  const weights = graph.addConstant("weights", bytes(5, [4, flat[1]]), perTensor(0.003, 0));
  const outputTypes = [typeOf([1, 4], 0.4, -5)];
  const classes = graph.addNode({
    op: linear,
    inputs: [rows, weights],
    attributes: { activation: "none" },
    outputTypes,
  });
  graph.setOutputs(classes.outputs);
  return graph;
}

const step = fc.record<Step>({
  kind: fc.constantFrom(...kinds),
  channels: fc.integer({ min: 1, max: 19 }),
  stride: fc.integer({ min: 1, max: 2 }),
  seed: fc.integer({ min: 1, max: 1000 }),
});

const sizes = fc.tuple(
  fc.constant(1),
  fc.integer({ min: 3, max: 9 }),
  fc.integer({ min: 3, max: 9 }),
  fc.integer({ min: 1, max: 11 }),
);

/** What a machine may have or lack beside its multipliers. */
const features = fc.record<Machine["features"]>({
  activation: fc.boolean(),
  tables: fc.boolean(),
  pooling: fc.boolean(),
  conversion: fc.boolean(),
  cacheBytes: fc.constantFrom(0, 100, 1000),
  decompression: fc.boolean(),
});

/** One that leaves everything to the array. */
const slowProcessor = { ...machines.imxrt700.processor, element: 1e6 };

describe("the NPU", () => {
  test.each(["memory", "storage"] as const)(
    "computes random networks as the reference kernels do, weights in %s",
    async (weights) => {
      await fc.assert(
        fc.asyncProperty(
          sizes,
          fc.array(step, { minLength: 1, maxLength: 6 }),
          fc.boolean(),
          features,
          async (size, steps, ours, features) => {
            const graph = network(size as unknown as Sizes, steps);
            const wanted = [...graph.nodes()].map(({ outputs }) => outputs[0]);
            const feeds = new Map([["x", bytes(9, size)]]);
            const ports = { weights: 8, data: ours ? 64 : 8 };
            const storage = { copyBytesPerCycle: 0.8, overlaps: ours, direct: false };
            const machine = { ...machines.imxrt700, features, ports, storage, processor: slowProcessor };
            expect([...compileGraph(graph, machine).reasons.values()]).toEqual([]);
            const expected = await (await referenceEngine().prepare(graph, wanted)).run(feeds);
            const engine = npuEngine(machine, { weights, overlapCopies: ours, joinRows: ours, mapByLine: ours });
            const results = await (await engine.prepare(graph, ours ? [] : wanted)).run(feeds);
            for (const [name, { data }] of results)
              expect(Array.from(data as Int8Array)).toEqual(Array.from(expected.get(name)!.data as Int8Array));
          },
        ),
        { numRuns: 60 },
      );
    },
  );

  test("is never faster than its lower bounds, whatever the machine", () => {
    fc.assert(
      fc.property(
        sizes,
        fc.array(step, { minLength: 1, maxLength: 6 }),
        fc.record({
          memory: fc.constantFrom(3_000, 6_000, 12_000, 100_000),
          rate: fc.constantFrom(0.1, 1, 8),
          weights: fc.constantFrom(1, 2.9, 8, 16),
          data: fc.constantFrom(1, 4, 8, 64),
          overlaps: fc.boolean(),
          direct: fc.boolean(),
          cacheBytes: fc.constantFrom(0, 512, 4096),
          ours: fc.boolean(),
          placement: fc.constantFrom("automatic", "storage"),
          mode: fc.constantFrom("sequencer", "driver"),
        }),
        (size, steps, { memory, rate, weights, data, overlaps, direct, cacheBytes, ours, placement, mode }) => {
          const known = machines.imxrt700;
          const machine: Machine = {
            ...known,
            memory: { ...known.memory, bytes: memory },
            storage: { copyBytesPerCycle: rate, overlaps, direct },
            ports: { weights, data },
            processor: slowProcessor,
            features: { ...known.features, cacheBytes },
          };
          const options = { mode, weights: placement, overlapCopies: ours, joinRows: ours, mapByLine: ours };
          const compilation = compileGraph(network(size as unknown as Sizes, steps), machine, options);
          const { cycles, bounds } = profileCompilation(compilation);
          const tolerance = cycles * 1e-9;
          expect(bounds.cycles).toBeLessThanOrEqual(bounds.scheduled + tolerance);
          expect(bounds.scheduled).toBeLessThanOrEqual(cycles + tolerance);
          expect(bounds.cycles).toBeGreaterThan(0);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("leaves to the processor what does not fit, and computes the same", async () => {
    const steps = [1, 2, 3].map((seed): Step => ({ kind: "window", channels: 19, stride: 1, seed }));
    const graph = network([1, 9, 9, 11], steps);
    const whole = machines.imxrt700;
    for (const size of [80_000, 20_000, 9_000, 5_000, 2_000]) {
      const machine = { ...whole, memory: { ...whole.memory, bytes: size } };
      const { reasons, phases } = compileGraph(graph, machine);
      const needed = phases.filter(isSegment).map(({ program }) => program.memoryBytes);
      expect(Math.max(0, ...needed)).toBeLessThanOrEqual(size);
      expect(reasons.size > 0).toBe(size < 20_000);
      const feeds = new Map([["x", bytes(9, [1, 9, 9, 11])]]);
      const expected = await (await referenceEngine().prepare(graph)).run(feeds);
      expect(await (await npuEngine(machine).prepare(graph)).run(feeds)).toEqual(expected);
    }
  });

  test("leaves to the processor what is too long for a command", () => {
    const graph = new Graph("long");
    const x = graph.addInput("x", typeOf([1, 2 ** 20 + 1, 1, 1]));
    graph.setOutputs([append(graph, x, { kind: "greatest", channels: 1, stride: 1, seed: 1 })]);
    const machine = { ...machines.imxrt700, array: { ...machines.imxrt700.array, comparisons: 64 } };
    const { reasons, phases } = compileGraph(graph, machine);
    expect([...reasons.values()]).toEqual([expect.stringMatching(/height is 1048577/)]);
    expect(phases.some(isSegment)).toBe(false);
  });
});
