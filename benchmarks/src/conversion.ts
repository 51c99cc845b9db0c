import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { convert } from "@millrace/toolkit";
import { denseNetModel } from "./densenet.ts";
import { type Benchmark, median, row } from "./row.ts";

export const mobileNetV2Path = fileURLToPath(
  new URL("../../../shared/fixtures/mobilenetv2/mnv2_1.0_224_tf1qat.opset13.onnx", import.meta.url),
);

/** Seconds that onnx2tf needed for the same MobileNetV2 on a machine of two cores. */
const onnx2tfSeconds = 4.8;

function secondsToConvert(name: string, bytes: Uint8Array, runs: number): number {
  const times = Array.from({ length: runs }, () => {
    const start = performance.now();
    convert({ name, bytes }, { to: "tflite" });
    return (performance.now() - start) / 1000;
  });
  return median(times.slice(1));
}

/** Time to convert the 14 MB MobileNetV2 from ONNX to TFLite in one warm process. */
export const convertMobileNet: Benchmark = async () => {
  if (!existsSync(mobileNetV2Path)) return { skipped: "needs ../shared/fixtures/mobilenetv2" };
  const seconds = secondsToConvert("mobilenet_v2.onnx", new Uint8Array(readFileSync(mobileNetV2Path)), 8);
  return [
    row("convert MobileNetV2", seconds, onnx2tfSeconds, "onnx2tf, measured on such a machine", "s"),
    row("convert MobileNetV2", seconds, 0.25, "goal", "s"),
  ];
};

/** Time to convert a DenseNet-121 of 1,757 nodes. */
export const convertDenseNet: Benchmark = async () => {
  return [row("convert DenseNet-121", secondsToConvert("densenet121.onnx", denseNetModel(), 4), 1, "goal", "s")];
};
