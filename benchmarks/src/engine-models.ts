import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Graph, Tensor } from "@millrace/ir";

const assets = new URL("../../../shared/assets/", import.meta.url);

const files: Readonly<Record<string, string>> = {
  KWS: "mlperf_tiny_models/kws_ref_model.tflite",
  ResNet8: "mlperf_tiny_models/pretrainedResnet_quant.tflite",
  VWW: "mlperf_tiny_models/vww_96_int8.tflite",
  AD: "mlperf_tiny_models/ad01_int8.tflite",
  "person detection": "tflm/person_detect.tflite",
  "MobileNetV1 0.25": "tflite_zoo/mobilenet_v1_0.25_224_quant.tflite",
  MobileNetV2: "tflite_zoo/mobilenet_v2_1.0_224_quant_uint8.tflite",
};

/** The files that engines are measured on, by the models' names; undefined where they are not here. */
export function engineModels(): readonly (readonly [name: string, bytes: Uint8Array])[] | undefined {
  if (!existsSync(assets)) return undefined;
  return Object.entries(files).map(([name, path]) => [
    name,
    new Uint8Array(readFileSync(fileURLToPath(new URL(path, assets)))),
  ]);
}

/** Bytes that look like data, the same in every run. */
export function someBytes(count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, at) => (at * 2654435761) >>> 24);
}

/** Feeds of such bytes for a graph of one 8-bit input. */
export function feedsOf({ inputs: [{ name, type }] }: Graph): ReadonlyMap<string, Tensor> {
  const shape = type.shape as readonly number[];
  const bytes = someBytes(shape.reduce((product, size) => product * size, 1));
  const data = type.dtype === "i8" ? new Int8Array(bytes.buffer) : bytes;
  return new Map([[name, { dtype: type.dtype, shape, data }]]);
}
