import { Graph } from "@millrace/ir";
import { averagePool2d } from "@millrace/ops";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { quantized } from "../kernels/sample.testing.ts";
import { type Byte, expectSame, isFast, type Layer, layer, operationOf } from "./layer.testing.ts";

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

  it.each(["double", "single"] as const)("factors too great to be proven, rounded %s", async (rounding) => {
    for (const flavor of ["tflite", "tflm"] as const) {
      for (const weights of [
        [5, 1, 1, 2],
        [21, 2],
      ]) {
        const x = weights.length === 2 ? [3, 2] : [1, 4, 4, 2];
        const graph = layer({ x, weights, scale: 1e-9, activation: "relu6" });
        expect(await isFast(graph)).toBe(true);
        await expectSame(graph, { rounding, flavor });
      }
    }
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
