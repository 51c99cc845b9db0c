import { load } from "@millrace/toolkit";
import { describe, expect, it } from "vitest";
import { isShared } from "../golden.ts";
import { compileNet, mobileNetV2, presentNets, realFeeds } from "../runtimes/nets.testing.ts";
import { runByUs } from "./run-by-us.testing.ts";
import { runByTensorFlow, runner } from "./run-tensorflow.ts";

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
