import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createLiteRt, createTfjsTflite, type TfliteRuntime } from "@millrace/devices/node";
import { bytesOf, type Tensor } from "@millrace/ir";
import { referenceEngine } from "@millrace/runtime";
import { type IoLayout, load } from "@millrace/toolkit";
import { beforeAll, describe, expect, it } from "vitest";
import { type ConvertedModel, convertModel } from "../converted-model.ts";
import { isShared, pathOf } from "../golden.ts";

/** Greatest difference that float32 sums in another order explain, as a share of the largest result. */
const tolerance = 1e-4;

const layouts: readonly IoLayout[] = ["source", "nhwc"];

/** Networks of more than 30 million products, which our interpreter need not run here. */
const large = /resnet18|unet\.|yolo|mnv2|ultraface/;

/**
 * Transposes that stay inside: yolo_like gives its 320 places along the last axis, and the results of its channel-last
 * heads are turned to that once for the boxes, [1, 320, 4, 8] to [1, 4, 320, 8], and once for the classes, [1, 320, 5].
 */
const insideOf = (name: string) => (name.startsWith("yolo_like/") ? 2 : 0);

function onnxFilesIn(folder: string): readonly string[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => name.endsWith(".onnx"))
    .sort()
    .map((name) => `${folder}/${name}`);
}

function sharedModels(): readonly string[] {
  if (!isShared) return [];
  const folders = [
    "mlperf",
    "mobilenetv2",
    ...["resnet18", "unet", "mobilenetv3_small", "yolo_like"].map((name) => `structural/${name}`),
  ];
  const single = [
    ...["dscnn_kws", "resnet8", "unet_tiny"].map((name) => `fixtures/torch26/${name}`),
    ...["dscnn_kws.dynamo", "resnet8.dynamo"].map((name) => `fixtures/onnx_functions/${name}`),
    ...["autoencoder", "autoencoder_opset13"].map((name) => `fixtures/vibration/${name}`),
    ...["mnist-8", "mnist_burn", "mobilenet_v2_0.35_128_flowers", "ultraface_rfb_320"].map(
      (name) => `assets/onnx_models/${name}`,
    ),
  ];
  return [
    ...folders.flatMap((folder) => onnxFilesIn(pathOf(`fixtures/${folder}`))),
    ...single.map((name) => pathOf(`${name}.onnx`)),
  ];
}

const examples = fileURLToPath(new URL("../../../examples/digits", import.meta.url));
const models = [...onnxFilesIn(examples), ...sharedModels()].map((path) => ({
  name: path.split("/").slice(-2).join("/"),
  path,
}));

function differenceOf(actual: Float32Array, expected: Tensor): number {
  const wanted = expected.data as Float32Array;
  if (actual.length !== wanted.length) return Number.NaN;
  const most = (values: Float32Array) => values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  return most(actual.map((value, at) => value - wanted[at])) / most(wanted);
}

async function runByRuntime(
  runtime: TfliteRuntime,
  { written, inputs }: ConvertedModel,
): Promise<readonly Float32Array[]> {
  const runner = await runtime.load(written.bytes);
  const outputs = await runner.run(inputs.map(bytesOf));
  runner.dispose();
  return outputs.map(({ buffer, byteOffset, byteLength }) => new Float32Array(buffer, byteOffset, byteLength / 4));
}

async function runByReference({ written, inputs }: ConvertedModel): Promise<readonly Float32Array[]> {
  const { graph } = load({ name: "float.tflite", bytes: written.bytes });
  const prepared = await referenceEngine().prepare(graph);
  const results = await prepared.run(new Map(graph.inputs.map(({ name }, index) => [name, inputs[index]])));
  return graph.outputs.map(({ name }) => results.get(name)!.data as Float32Array);
}

const runtimes = [await createLiteRt(), await createTfjsTflite()];

describe.each(models)("$name as a float file", ({ name, path }) => {
  describe.each(layouts)("with the layout %s", (layout) => {
    let converted: ConvertedModel;
    beforeAll(async () => {
      converted = await convertModel(path, layout);
    });

    function expectEqual(outputs: readonly Float32Array[]): void {
      expect(outputs.length).toBe(converted.expected.length);
      for (const [index, output] of outputs.entries())
        expect(differenceOf(output, converted.expected[index])).toBeLessThan(tolerance);
    }

    it.each(runtimes)("computes in $name as onnxruntime does from the ONNX file", async (runtime) => {
      expectEqual(await runByRuntime(runtime, converted));
    });

    it.skipIf(large.test(name))("computes in our interpreter as onnxruntime does from the ONNX file", async () => {
      expectEqual(await runByReference(converted));
    });

    it("transposes at its inputs and outputs at most", () => {
      const { graph, written } = converted;
      const images = [...graph.inputs, ...graph.outputs].filter(({ type }) => type.shape.length === 4);
      const allowed = layout === "nhwc" ? 0 : images.length;
      expect(written.operators["TRANSPOSE"] ?? 0).toBeLessThanOrEqual(allowed + insideOf(name));
    });
  });
});
