import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { folderFiles } from "@millrace/devices/node";
import { type Dataset, type DatasetDescription, openDataset } from "@millrace/toolkit";

const shared = new URL("../../../shared/", import.meta.url);
const pathOf = (name: string) => fileURLToPath(new URL(name, shared));

/** What another tool made of a network: a file to run here, or a figure that its users measured on the same samples. */
export type Peer = { readonly maker: string } & ({ readonly path: string } | { readonly value: number });

/** A trained float network with labelled samples; all paths are of files beside the checkout. */
export interface BenchmarkNet {
  readonly name: string;
  readonly model: string;
  /** Folder of the samples. */
  readonly data: string;
  /** In the place of the folder's dataset.json. */
  readonly description?: DatasetDescription;
  readonly peers: readonly Peer[];
  /** Seconds that TensorFlow needed to quantize it, on a machine of two cores. */
  readonly seconds?: number;
}

interface Mlperf {
  readonly name: string;
  readonly model: string;
  readonly data: string;
  readonly stem: string;
  readonly seconds: number;
}

function mlperfNet({ name, model, data, stem, seconds }: Mlperf): BenchmarkNet {
  const peer = (maker: string, file: string): Peer => ({ maker, path: pathOf(`fixtures/peers/${stem}_${file}`) });
  return {
    name,
    model: pathOf(`fixtures/mlperf/${model}`),
    data: pathOf(`assets/datasets/${data}`),
    peers: [
      peer("TensorFlow 2.21", "tf221_int8_b1.tflite"),
      peer("onnxruntime min/max", "ort_minmax_qdq.onnx"),
      peer("onnxruntime percentile", "ort_percentile_qdq.onnx"),
    ],
    seconds,
  };
}

function fashionNet(name: string, model: string): BenchmarkNet {
  const [path, data] = [pathOf(`fixtures/trained/${model}`), pathOf("assets/datasets/fashion_mnist")];
  return { name, model: path, data, peers: [] };
}

/** MLPerf Tiny's networks, MobileNetV2, and small trained transformers and recurrent networks. */
export const benchmarkNets: readonly BenchmarkNet[] = [
  mlperfNet({ name: "KWS", model: "kws_dscnn/kws.opset13.onnx", data: "mlperf_kws01", stem: "kws", seconds: 0.95 }),
  mlperfNet({ name: "IC", model: "ic_resnet8/ic.opset13.onnx", data: "mlperf_ic01", stem: "ic", seconds: 1.57 }),
  mlperfNet({ name: "AD", model: "ad01/ad.opset13.onnx", data: "mlperf_ad01", stem: "ad", seconds: 1.55 }),
  {
    name: "VWW",
    model: pathOf("assets/mlperf_tiny_models/vww_96_float.tflite"),
    data: pathOf("assets/datasets/mlperf_vww01"),
    peers: [
      { maker: "official int8", path: pathOf("assets/mlperf_tiny_models/vww_96_int8.tflite") },
      { maker: "TensorFlow 2.21", value: 0.843 },
      { maker: "onnxruntime min/max", value: 0.844 },
      { maker: "onnxruntime percentile", value: 0.847 },
    ],
  },
  {
    name: "MobileNetV2",
    model: pathOf("fixtures/mobilenetv2/mnv2_1.0_224_tf1qat.opset13.onnx"),
    data: pathOf("assets/images/imagenet224"),
    peers: [
      {
        maker: "published, trained in uint8",
        path: pathOf("assets/tflite_zoo/mobilenet_v2_1.0_224_quant_uint8.tflite"),
      },
      { maker: "onnxruntime min/max", value: 0.922 },
    ],
  },
  fashionNet("ViT", "vit_sdpa_p7/vit_sdpa_p7.opset17.onnx"),
  fashionNet("LSTM", "lstm_rows/lstm_rows.opset13.onnx"),
  fashionNet("TCN", "tcn/tcn.opset13.onnx"),
  {
    name: "GRU",
    model: pathOf("fixtures/vibration/gru_opset13.onnx"),
    data: pathOf("fixtures/vibration"),
    description: { inputs: { "*": { file: "test_windows.npy" } }, labels: { file: "test_labels.npy" }, metric: "top1" },
    peers: [],
  },
];

/** A quarter of MobileNetV1's channels, whose ranges differ so much that one scale for a layer's weights is too few. */
export const mobileNetV1: BenchmarkNet = {
  name: "MobileNetV1",
  model: pathOf("assets/tflite_zoo/mobilenet_v1_0.25_224_float.tflite"),
  data: pathOf("assets/images/imagenet224"),
  peers: [],
};

export const arePresent = (nets: readonly BenchmarkNet[]) => nets.every(({ model }) => existsSync(model));

/** The network's samples. */
export function samplesOf({ data, description }: BenchmarkNet): Promise<Dataset> {
  const files = folderFiles(data);
  if (description === undefined) return openDataset(files);
  const described = new TextEncoder().encode(JSON.stringify(description));
  return openDataset({
    list: async () => [...(await files.list()), "dataset.json"],
    read: async (name) => (name === "dataset.json" ? described : files.read(name)),
  });
}
