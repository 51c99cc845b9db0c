import { readFileSync } from "node:fs";
import { folderFiles, nodeOnnxruntime } from "@millrace/devices/node";
import type { Graph, Tensor } from "@millrace/ir";
import {
  type Compilation,
  type CompileOptions,
  compile,
  type Dataset,
  feedsOf,
  modelInputs,
  openDataset,
} from "@millrace/toolkit";
import { digitsDataset } from "../../../examples/digits/data.ts";
import { isShared, pathOf } from "../golden.ts";

/** A trained network with real samples. */
export interface Net {
  readonly name: string;
  /** Path of the ONNX file. */
  readonly model: string;
  readonly openData: () => Promise<Dataset>;
  /** Calibration samples to use. */
  readonly samples: number;
  /** TensorFlow's int8 file of the same network, under the shared folder. */
  readonly peer?: string;
}

function sharedNet(name: string, model: string, data: string, samples: number, peer?: string): Net {
  const openData = () => openDataset(folderFiles(pathOf(`assets/${data}`)));
  return {
    name,
    model: pathOf(`fixtures/${model}`),
    openData,
    samples,
    ...(peer && { peer: `fixtures/peers/${peer}` }),
  };
}

export const digits: Net = {
  name: "digits",
  model: new URL("../../../examples/digits/digits.onnx", import.meta.url).pathname,
  openData: async () => digitsDataset(),
  samples: 100,
};

/** MLPerf Tiny's networks: keywords, images and anomalies. */
export const mlperfNets: readonly Net[] = [
  sharedNet("KWS", "mlperf/kws_dscnn/kws.opset13.onnx", "datasets/mlperf_kws01", 96, "kws_tf221_int8_b1.tflite"),
  sharedNet("IC", "mlperf/ic_resnet8/ic.opset13.onnx", "datasets/mlperf_ic01", 35, "ic_tf221_int8_b1.tflite"),
  sharedNet("AD", "mlperf/ad01/ad.opset13.onnx", "datasets/mlperf_ad01", 4, "ad_tf221_int8_b1.tflite"),
];

export const mobileNetV2 = sharedNet(
  "MobileNetV2",
  "mobilenetv2/mnv2_1.0_224_tf1qat.opset13.onnx",
  "images/imagenet224",
  16,
);

/** The networks that are here: one always, the others beside the shared folder. */
export const presentNets: readonly Net[] = isShared ? [digits, ...mlperfNets] : [digits];

/** Compiles a network without measuring it, calibrated on some of its samples. */
export async function compileNet(net: Net, data: Dataset, options: Partial<CompileOptions> = {}): Promise<Compilation> {
  const source = { name: net.model, bytes: new Uint8Array(readFileSync(net.model)) };
  return compile(source, data, { floatEngine: nodeOnnxruntime(), samples: net.samples, measure: false, ...options });
}

/** Feeds of up to `count` test samples, evenly spread, as the graph's only input takes them; of windows the middle one. */
export async function realFeeds(graph: Graph, data: Dataset, count: number): Promise<readonly Tensor[]> {
  const { test } = data.split;
  const chosen = Array.from(
    { length: Math.min(count, test.length) },
    (_, index) => test[Math.floor((index * test.length) / count)],
  );
  const feeds: Tensor[] = [];
  for (const sample of chosen) {
    const inferences = await data.feeds(sample, modelInputs(graph));
    feeds.push(feedsOf(graph, inferences[inferences.length >> 1]).get(graph.inputs[0].name)!);
  }
  return feeds;
}
