import { readFileSync } from "node:fs";
import { createLiteRt, createTfjsTflite } from "@millrace/devices/node";
import { readTflite, writeTflite } from "@millrace/formats/tflite";
import { bytesOf, fromNumbers, type Graph, type Tensor } from "@millrace/ir";
import { referenceEngine } from "@millrace/runtime";
import { convert, load } from "@millrace/toolkit";
import { describe, expect, it } from "vitest";
import { isShared, pathOf } from "../golden.ts";
import { runByTensorFlow, runner } from "../tensorflow/run-tensorflow.ts";

const files = [
  "fixtures/mlperf/kws_dscnn/kws.dynbatch.opset13.onnx",
  "fixtures/mlperf/kws_dscnn/kws.dynbatch.dynamo20.onnx",
  "fixtures/mlperf/ic_resnet8/ic.dynbatch.opset13.onnx",
  "fixtures/mlperf/ic_resnet8/ic.dynbatch.dynamo20.onnx",
  "fixtures/mlperf/ic_resnet8/ic.dynbatch.train.pt2",
  "fixtures/mlperf/kws_dscnn/kws.dynbatch.core.pt2",
];

/** What an interpreter does when its inputs are resized: all shapes but those of the inputs are found anew from these. */
function resized(bytes: Uint8Array, batch: number): Uint8Array {
  const model = readTflite(bytes);
  const [main, ...others] = model.subgraphs;
  const tensors = main.tensors.map((tensor, index) =>
    main.inputs.includes(index) ? { ...tensor, ...sized([batch, ...tensor.shape.slice(1)]) } : tensor,
  );
  return writeTflite({ ...model, subgraphs: [{ ...main, tensors }, ...others] });
}

const sized = (shape: readonly number[]) => ({ shape, shapeSignature: shape });

function numbered(shape: readonly number[]): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  return fromNumbers(
    "f32",
    shape,
    Float64Array.from({ length: count }, (_, at) => Math.sin(at * 0.37)),
  );
}

async function computed(graph: Graph, x: Tensor): Promise<number[]> {
  const prepared = await referenceEngine().prepare(graph);
  const results = await prepared.run(new Map([[graph.inputs[0].name, x]]));
  return Array.from(results.get(graph.outputs[0].name)!.data as Float32Array);
}

const near = (numbers: readonly number[]) => numbers.map((number) => expect.closeTo(number, 4));
const floatsOf = (bytes: Uint8Array) => Array.from(new Float32Array(bytes.slice().buffer));

describe.skipIf(!isShared)("a model of open batch, converted", () => {
  const batch = 3;
  const cases = files.map((name) => {
    const source = { name, bytes: new Uint8Array(readFileSync(pathOf(name))) };
    const { bytes } = convert(source, { to: "tflite" });
    const { graph } = load({ name: "model.tflite", bytes }, { dimensions: new Map([["batch", batch]]) });
    return { name, source, bytes, graph, x: numbered(graph.inputs[0].type.shape as number[]) };
  });

  it.each(cases)("gives for each entry what the model gives for it alone: $name", async ({ bytes, graph, x }) => {
    const alone = load({ name: "model.tflite", bytes }).graph;
    const size = x.data.length / batch;
    const [, ...shape] = x.shape;
    const entries = Array.from({ length: batch }, (_, at) =>
      fromNumbers("f32", [1, ...shape], (x.data as Float32Array).slice(at * size, (at + 1) * size)),
    );
    const expected = [];
    for (const entry of entries) expected.push(...(await computed(alone, entry)));
    expect(await computed(graph, x)).toEqual(near(expected));
  });

  it.each(cases)("is resized by LiteRT.js and tfjs-tflite: $name", async ({ bytes, graph, x }) => {
    const expected = await computed(graph, x);
    for (const runtime of [await createLiteRt(), await createTfjsTflite()]) {
      const running = await runtime.load(resized(bytes, batch));
      expect(running.inputs[0].shape[0]).toBe(batch);
      const [result] = await running.run([bytesOf(x)]);
      expect(floatsOf(result)).toEqual(near(expected));
      running.dispose();
    }
  });

  it.skipIf(runner === "")("is resized by TensorFlow Lite", async () => {
    const runs = cases.map(({ bytes, x }) => ({ bytes: resized(bytes, batch), runs: [[x]] }));
    for (const [index, result] of runByTensorFlow(runs).entries()) {
      const { graph, x } = cases[index];
      expect(typeof result === "string" ? result : floatsOf(result)).toEqual(near(await computed(graph, x)));
    }
  });
});
