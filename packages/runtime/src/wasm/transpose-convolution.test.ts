import { Graph, perAxis } from "@millrace/ir";
import { transposeConv2d } from "@millrace/ops";
import fc from "fast-check";
import { expect, test } from "vitest";
import { quantized, sequence, tensor } from "../kernels/sample.testing.ts";
import { expectSame, isFast, random } from "./layer.testing.ts";

const size = (least: number, greatest: number) => fc.integer({ min: least, max: greatest });
const pair = (least: number, greatest: number) => fc.tuple(size(least, greatest), size(least, greatest));

const layers = fc.record({
  shape: fc.tuple(size(1, 2), size(1, 5), size(1, 5), size(1, 11)),
  channels: size(1, 10),
  kernel: pair(1, 5),
  stride: pair(1, 3),
  crop: pair(0, 2),
  extra: pair(-1, 2),
  type: fc.constantFrom("i8" as const, "u8" as const),
  zero: fc.constantFrom(0, 90, 255),
});

test("transposed convolutions in phases give the reference's integers", async () => {
  let fast = 0;
  const property = fc.asyncProperty(layers, async ({ shape, channels, kernel, stride, crop, extra, type, zero }) => {
    const outputSize = kernel.map(
      (span, axis) => (shape[axis + 1] - 1) * stride[axis] + span - crop[axis] + extra[axis],
    );
    fc.pre(outputSize.every((length) => length > 0));
    const graph = new Graph("transposed");
    const stored = type === "i8" ? zero - 128 : zero;
    const scales = Array.from({ length: channels }, (_, index) => 0.001 * (1 + index));
    const inputs = [
      graph.addInput("x", quantized(type, shape, 0.02, stored)),
      graph.addConstant("weights", random("i8", [channels, ...kernel, shape[3]], 3), perAxis(scales, 0)),
      graph.addConstant("bias", tensor("i32", [channels], sequence(4, channels, -9999, 9999))),
    ];
    const padding = [crop[0], crop[1], 0, 0];
    const rest = { stride, dilation: [1, 1], groups: 1, layout: "last", activation: "none" };
    const attributes = { ...rest, padding, outputSize };
    const outputTypes = [quantized(type, [shape[0], ...outputSize, channels], 0.03, stored)];
    graph.setOutputs(graph.addNode({ op: transposeConv2d, inputs, attributes, outputTypes }).outputs);
    fast += Number(await isFast(graph));
    await expectSame(graph, {}, [1]);
  });
  await fc.assert(property, { numRuns: 80, seed: 5 });
  expect(fast).toBeGreaterThan(30);
});
