import { bytesOf, type Graph, type Tensor } from "@millrace/ir";
import { referenceEngine } from "@millrace/runtime";
import { load } from "@millrace/toolkit";
import { describe, expect, it } from "vitest";
import { isShared } from "../golden.ts";
import { compileNet, mobileNetV2, presentNets, realFeeds } from "../runtimes/nets.testing.ts";
import { runByTensorFlow, runner } from "./run-tensorflow.ts";

/** TensorFlow Lite 2.14 scales fully connected layers by fixed-point multipliers, as the flavor "tflm" does. */
async function runByUs(graph: Graph, inputs: readonly Tensor[]): Promise<Int8Array> {
  const prepared = await referenceEngine({ flavor: "tflm" }).prepare(graph);
  const outputs: Tensor[] = [];
  for (const input of inputs)
    outputs.push((await prepared.run(new Map([[graph.inputs[0].name, input]]))).get(graph.outputs[0].name)!);
  return new Int8Array(Buffer.concat(outputs.map(bytesOf)));
}

describe.skipIf(runner === "")("TensorFlow Lite's reference kernels (skipped without MILLRACE_TENSORFLOW_LITE)", () => {
  const nets = isShared ? [...presentNets, mobileNetV2] : presentNets;
  it.each(nets)("give the integers of our interpreter for $name", { timeout: 300_000 }, async (net) => {
    const data = await net.openData();
    const { outputs, quantized } = await compileNet(net, data);
    const [{ bytes }] = outputs;
    const inputs = await realFeeds(quantized, data, 24);
    const [theirs] = runByTensorFlow([{ bytes, runs: inputs.map((input) => [input]) }]);
    if (typeof theirs === "string") throw new Error(theirs);
    const integers = new Int8Array(theirs.buffer);
    const ours = await runByUs(load({ name: "int8.tflite", bytes }).graph, inputs);
    expect(integers.length).toBe(ours.length);
    expect(new Set(integers).size).toBeGreaterThan(10);
    expect(integers.filter((value, at) => value !== ours[at]).length).toBe(0);
  });
});
