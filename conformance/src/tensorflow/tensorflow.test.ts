import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bytesOf, type Graph, type Tensor } from "@millrace/ir";
import { referenceEngine } from "@millrace/runtime";
import { load } from "@millrace/toolkit";
import { afterAll, describe, expect, it } from "vitest";
import { isShared } from "../golden.ts";
import { compileNet, mobileNetV2, presentNets, realFeeds } from "../runtimes/nets.testing.ts";

/** The program that README.md beside this file tells how to build; it is no part of the checkout. */
const runner = process.env["MILLRACE_TENSORFLOW_LITE"] ?? "";

const folder = mkdtempSync(join(tmpdir(), "millrace-tensorflow-"));
afterAll(() => rmSync(folder, { recursive: true }));

function runByTensorFlow(model: Uint8Array, inputs: readonly Tensor[]): Int8Array {
  const path = join(folder, "model.tflite");
  writeFileSync(path, model);
  const { status, stdout, stderr } = spawnSync(runner, [path], {
    input: Buffer.concat(inputs.map(bytesOf)),
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(`${runner} failed: ${stderr}`);
  return new Int8Array(stdout.buffer, stdout.byteOffset, stdout.length);
}

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
    const theirs = runByTensorFlow(bytes, inputs);
    const ours = await runByUs(load({ name: "int8.tflite", bytes }).graph, inputs);
    expect(theirs.length).toBe(ours.length);
    expect(new Set(theirs).size).toBeGreaterThan(10);
    expect(theirs.filter((value, at) => value !== ours[at]).length).toBe(0);
  });
});
