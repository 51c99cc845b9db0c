import { readFileSync } from "node:fs";
import { folderFiles } from "@millrace/devices/node";
import { wasmEngine } from "@millrace/runtime";
import { convert, type Dataset, evaluate, load, openDataset } from "@millrace/toolkit";
import { describe, expect, it } from "vitest";
import { isShared, pathOf } from "../golden.ts";
import { fileEngine } from "../onnx-file.ts";

const bytesOf = (name: string) => new Uint8Array(readFileSync(pathOf(name)));
const boundary = { QUANTIZE: 1, DEQUANTIZE: 1 };

/** Every sample that is a multiple of `step`. */
function thinned(data: Dataset, step: number): Dataset {
  return { ...data, split: { ...data.split, test: data.split.test.filter((sample) => sample % step === 0) } };
}

const networks = [
  { name: "kws", float: "kws_dscnn/kws", data: "mlperf_kws01", step: 2 },
  { name: "ic", float: "ic_resnet8/ic", data: "mlperf_ic01", step: 1 },
  { name: "ad", float: "ad01/ad", data: "mlperf_ad01", step: 8 },
];
const methods = ["minmax", "entropyb", "percentile"];
const cases = networks.flatMap((network) => methods.map((method) => ({ ...network, method })));

describe.skipIf(!isShared)("networks that onnxruntime quantized", () => {
  it.each(cases)(
    "$name by $method has the float network's operators in TFLite, and onnxruntime's accuracy",
    {
      timeout: 300_000,
    },
    async ({ name, float, data, method, step }) => {
      const bytes = bytesOf(`fixtures/peers/${name}_ort_${method}_qdq.onnx`);
      const { operators, bytes: written } = convert({ name: "model.onnx", bytes }, { to: "tflite" });
      const original = convert(
        { name: "float.onnx", bytes: bytesOf(`fixtures/mlperf/${float}.opset13.onnx`) },
        { to: "tflite" },
      );
      expect(operators).toEqual({ ...original.operators, ...boundary });
      if (method !== "minmax") return;
      const dataset = thinned(await openDataset(folderFiles(pathOf(`assets/datasets/${data}`))), step);
      const { graph } = load({ name: "model.tflite", bytes: written });
      const ours = await evaluate({ graph, engine: wasmEngine() }, dataset);
      const source = load({ name: "model.onnx", bytes }).graph;
      const theirs = await evaluate({ graph: source, engine: fileEngine(bytes) }, dataset);
      console.log(`${name}: ${ours.metric} ${ours.value} ours, ${theirs.value} onnxruntime's, ${ours.samples} samples`);
      expect(ours.value).toBeGreaterThanOrEqual(theirs.value - 0.005);
    },
  );
});
