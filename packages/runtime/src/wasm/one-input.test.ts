import { type Attribute, Graph, type ValueType } from "@millrace/ir";
import {
  averagePool2d,
  dequantize,
  maxPool2d,
  mean,
  quantize,
  reduceMax,
  reduceMin,
  resize,
  softmax,
} from "@millrace/ops";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { referenceEngine } from "../interpreter.ts";
import { quantized, tensor } from "../kernels/sample.testing.ts";
import { wasmEngine } from "./engine.ts";
import { expectSame, isFast } from "./layer.testing.ts";

type Attributes = Readonly<Record<string, Attribute>>;
type Op = typeof maxPool2d | typeof mean | typeof resize;

const size = (least: number, greatest: number) => fc.integer({ min: least, max: greatest });
const pair = (greatest: number) => fc.tuple(size(1, greatest), size(1, greatest));
const bytes = fc.constantFrom("i8" as const, "u8" as const);
const zero = fc.constantFrom(0, 1, 100, 255);

const subject = fc.record({
  type: bytes,
  shape: fc.tuple(size(1, 2), size(1, 7), size(1, 7), size(1, 19)),
  scales: fc.tuple(fc.constantFrom(...[0.01, 0.1, 1]), fc.constantFrom(...[0.003, 0.1, 2])),
  zeros: fc.tuple(zero, zero),
  rounding: fc.constantFrom("double" as const, "single" as const),
});

type Subject = typeof subject extends fc.Arbitrary<infer Kind> ? Kind : never;

/** A node on one input; `moves` where its result has the input's parameters. */
function graphOf({ type, shape, scales, zeros }: Subject, op: unknown, attributes: Attributes, moves: boolean): Graph {
  const graph = new Graph("one");
  const stored = zeros.map((byte) => (type === "i8" ? byte - 128 : byte));
  const x = graph.addInput("x", quantized(type, shape, scales[0], stored[0]));
  const operator = op as Op;
  const [{ shape: result }] = operator.infer([x], attributes as never) as readonly ValueType[];
  const [scale, zeroPoint] = moves ? [scales[0], stored[0]] : [scales[1], stored[1]];
  const outputTypes = [quantized(type, result as number[], scale, zeroPoint)];
  graph.setOutputs(graph.addNode({ op: operator, inputs: [x], attributes, outputTypes }).outputs);
  return graph;
}

async function expectFast(subject: Subject, op: unknown, attributes: Attributes, moves: boolean): Promise<void> {
  const graph = graphOf(subject, op, attributes, moves);
  expect(await isFast(graph)).toBe(true);
  await expectSame(graph, { rounding: subject.rounding }, [1]);
}

const window = fc.record({
  kernel: pair(3),
  stride: pair(3),
  padding: fc.tuple(size(0, 2), size(0, 2), size(0, 2), size(0, 2)),
});
const activation = fc.constantFrom("none", "relu", "relu6");
const runs = { numRuns: 60, seed: 11 };

describe("fast kernels on one input give the reference's integers", () => {
  it("maximum pools", async () => {
    const pools = fc.record({ subject, window, activation, dilation: pair(2) });
    await fc.assert(
      fc.asyncProperty(pools, async ({ subject, window, activation, dilation }) => {
        const reach = window.kernel.map((count, axis) => (count - 1) * dilation[axis] + 1);
        fc.pre(
          reach.every(
            (span, axis) => subject.shape[axis + 1] + window.padding[axis] + window.padding[axis + 2] >= span,
          ),
        );
        await expectFast(subject, maxPool2d, { ...window, dilation, activation, layout: "last" }, true);
      }),
      runs,
    );
  });

  it("average pools", async () => {
    const pools = fc.record({ subject, window, activation, countPadding: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(pools, async ({ subject, window, ...rest }) => {
        const { kernel, padding } = window;
        fc.pre(kernel.every((span, axis) => padding[axis] < span && padding[axis + 2] < span));
        fc.pre(kernel.every((span, axis) => subject.shape[axis + 1] + padding[axis] + padding[axis + 2] >= span));
        await expectSame(graphOf(subject, averagePool2d, { ...window, ...rest, layout: "last" }, true), {}, [1]);
      }),
      runs,
    );
  });

  it.each([
    [[1, 2], mean],
    [[0, 1, 2, 3], mean],
    [[3], mean],
    [[1], reduceMax],
    [[3], reduceMin],
    [[2, 3], reduceMax],
  ] as const)("reductions of axes %o", async (axes, op) => {
    const keepDims = axes.length % 2 === 0;
    await fc.assert(
      fc.asyncProperty(subject, (subject) => expectFast(subject, op, { axes: [...axes], keepDims }, op !== mean)),
      { ...runs, numRuns: 20 },
    );
  });

  it("softmax along any axis", async () => {
    const lines = fc.record({ subject, axis: size(0, 3), beta: fc.constantFrom(1, 0.3, 4) });
    await fc.assert(
      fc.asyncProperty(lines, ({ subject, axis, beta }) => {
        const scales: Subject["scales"] = [subject.scales[0], 1 / 256];
        return expectFast({ ...subject, scales, zeros: [subject.zeros[0], 0] }, softmax, { axis, beta }, false);
      }),
      runs,
    );
    const long: Subject = {
      type: "i8",
      shape: [1, 1, 2, 3000],
      scales: [0.0001, 1 / 256],
      zeros: [0, 0],
      rounding: "double",
    };
    await expectFast(long, softmax, { axis: 3, beta: 1 }, false);
  });

  it("resizing between four elements", async () => {
    const sizes = fc.record({
      subject,
      size: pair(15),
      coordinates: fc.constantFrom("halfPixel", "alignCorners", "asymmetric"),
    });
    await fc.assert(
      fc.asyncProperty(sizes, ({ subject, ...rest }) => {
        const attributes = { ...rest, mode: "bilinear", nearestRounding: "floor", layout: "last" };
        return expectFast({ ...subject, type: "i8" }, resize, attributes, true);
      }),
      runs,
    );
  });
});

const reals = [
  0,
  -0,
  0.5,
  -0.5,
  1.5,
  2.5,
  0.49999997,
  -0.49999997,
  1e30,
  -1e30,
  Infinity,
  -Infinity,
  NaN,
  8388609,
  3.7,
  -3.2,
  127.5,
];

describe("reals and bytes", () => {
  it.each([
    ["i8", "away"],
    ["i8", "even"],
    ["u8", "away"],
    ["u8", "even"],
  ] as const)("become %s with halves rounded %s, and reals again", async (dtype, rounding) => {
    for (const scale of [1, 0.1, Math.fround(1 / 3), 1e-20]) {
      const graph = new Graph("quantize");
      const x = graph.addInput("x", { dtype: "f32", shape: [reals.length] });
      const attributes = { dtype, scale: [scale], zeroPoint: [5], axis: -1, rounding };
      const stored = graph.addNode({
        op: quantize,
        inputs: [x],
        attributes,
        outputTypes: [quantized(dtype, [reals.length], Math.fround(scale), 5)],
      });
      const back = graph.addNode({ op: dequantize, inputs: stored.outputs, attributes: {}, outputTypes: [x.type] });
      graph.setOutputs([...stored.outputs, ...back.outputs]);
      expect(await isFast(graph)).toBe(true);
      const [reference, wasm] = await Promise.all(
        [referenceEngine(), wasmEngine()].map((engine) => engine.prepare(graph)),
      );
      const feeds = new Map([["x", tensor("f32", [reals.length], reals)]]);
      expect(await wasm.run(feeds)).toEqual(await reference.run(feeds));
    }
  });
});
