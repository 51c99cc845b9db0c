import { readFileSync } from "node:fs";
import type { Graph } from "@millrace/ir";
import { load, prepare } from "@millrace/toolkit";
import { importFile, pathOf } from "../golden.ts";
import { arbitraryIntegers } from "./arbitrary-integers.ts";
import { cifarNet, dsCnnSmall, fomo, mobileNetV1 } from "./architectures.ts";

const tiny = (name: string) => () => importFile(`assets/mlperf_tiny_models/${name}.tflite`);
const micro = (name: string) => () => importFile(`assets/tflm/${name}.tflite`);
const built = (create: () => Graph) => () => arbitraryIntegers(create());

/** The networks that were measured: files, and those without one built from what is published. */
export const networks = {
  ad: tiny("ad01_int8"),
  kws: tiny("kws_ref_model"),
  ic: tiny("pretrainedResnet_quant"),
  vww: tiny("vww_96_int8"),
  mobileNetV2: () => arbitraryIntegers(mobileNetV2()),
  mobileNetV2Real: mobileNetV2,
  dsCnnSmall: built(dsCnnSmall),
  cifarNet: built(cifarNet),
  mobileNetV1Small: built(() => mobileNetV1(0.25, 128)),
  mobileNetV1: built(() => mobileNetV1(1, 224)),
  fomo64: built(() => fomo(0.35, 64, 4)),
  fomo72: built(() => fomo(0.35, 72, 2)),
  personDetect: micro("person_detect"),
  microSpeech: micro("micro_speech_quantized"),
} as const satisfies Readonly<Record<string, () => Graph>>;

export type NetworkName = keyof typeof networks;

/** What tells whether networks are of one design, which are left out together. */
export function designOf(name: NetworkName): string {
  return name.startsWith("fomo") ? "fomo" : name;
}

const graphs = new Map<NetworkName, Graph>();

/** A network's graph; the same one each time. */
export function networkOf(name: NetworkName): Graph {
  const graph = graphs.get(name) ?? networks[name]();
  graphs.set(name, graph);
  return graph;
}

/** The float network, channel-last. */
function mobileNetV2(): Graph {
  const path = "fixtures/mobilenetv2/mnv2_1.0_224_tf1qat.opset13.onnx";
  const bytes = new Uint8Array(readFileSync(pathOf(path)));
  return prepare(load({ name: path, bytes })).graph;
}
