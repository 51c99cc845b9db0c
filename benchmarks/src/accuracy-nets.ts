import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const shared = new URL("../../../shared/", import.meta.url);
const pathOf = (name: string) => fileURLToPath(new URL(name, shared));

/** A trained network with labelled samples and what other tools made of it; all paths are of files beside the checkout. */
export interface BenchmarkNet {
  readonly name: string;
  /** Float ONNX. */
  readonly model: string;
  /** Folder with dataset.json. */
  readonly data: string;
  /** Int8 .tflite of another maker, and what to call it. */
  readonly tflite: { readonly maker: string; readonly path: string };
  /** Quantized ONNX by onnxruntime's quantize_static, min/max. */
  readonly onnx?: string;
  /** Seconds that TensorFlow needed to quantize it, on a machine of two cores. */
  readonly seconds?: number;
}

function mlperfNet(name: string, model: string, data: string, stem: string, seconds: number): BenchmarkNet {
  return {
    name,
    model: pathOf(`fixtures/mlperf/${model}`),
    data: pathOf(`assets/datasets/${data}`),
    tflite: { maker: "TensorFlow 2.21", path: pathOf(`fixtures/peers/${stem}_tf221_int8_b1.tflite`) },
    onnx: pathOf(`fixtures/peers/${stem}_ort_minmax_qdq.onnx`),
    seconds,
  };
}

/** MLPerf Tiny's networks for keywords, images and anomalies. */
export const mlperfNets: readonly BenchmarkNet[] = [
  mlperfNet("KWS", "kws_dscnn/kws.opset13.onnx", "mlperf_kws01", "kws", 0.95),
  mlperfNet("IC", "ic_resnet8/ic.opset13.onnx", "mlperf_ic01", "ic", 1.57),
  mlperfNet("AD", "ad01/ad.opset13.onnx", "mlperf_ad01", "ad", 1.55),
];

/** MobileNetV2 beside the published file, trained for quantization, that its weights are from. */
export const mobileNetV2: BenchmarkNet = {
  name: "MobileNetV2",
  model: pathOf("fixtures/mobilenetv2/mnv2_1.0_224_tf1qat.opset13.onnx"),
  data: pathOf("assets/images/imagenet224"),
  tflite: { maker: "published uint8", path: pathOf("assets/tflite_zoo/mobilenet_v2_1.0_224_quant_uint8.tflite") },
};

export const arePresent = (nets: readonly BenchmarkNet[]) => nets.every(({ model }) => existsSync(model));
