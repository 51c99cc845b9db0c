import { existsSync, readFileSync } from "node:fs";
import { readOnnx } from "@millrace/formats/onnx";
import { convert } from "@millrace/toolkit";
import { denseNetModel } from "./densenet.ts";
import { type Benchmark, type Row, row } from "./row.ts";
import { syntheticGraphs } from "./synthetic-graphs.ts";

const counts = [1000, 2000, 5000, 10_000, 20_000];

/** Most that time may grow by in the number of nodes: time ~ nodes^exponent. */
const mostExponent = 1.15;

const shared = new URL("../../../shared/", import.meta.url);

const realModels = [
  "fixtures/mobilenetv2/mnv2_1.0_224_tf1qat.opset13.onnx",
  "assets/onnx_models/magika_standard_v3_3.onnx",
  "assets/onnx_models/st_ssd_mobilenet_v1_025_256.onnx",
  "fixtures/structural/swin_micro/swin_micro.dynamo18.onnx",
  "fixtures/structural/resnet18/resnet18.opset13.onnx",
  "assets/onnx_models/basic_pitch_nmp.onnx",
];

/** Seconds of the fastest of some conversions to TFLite in a warm process. */
function secondsFor(bytes: Uint8Array, runs: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    convert({ name: "model.onnx", bytes }, { to: "tflite" });
    least = Math.min(least, (performance.now() - start) / 1000);
  }
  return least;
}

/** The slope of a straight line through the logarithms, by least squares. */
function exponentOf(points: readonly (readonly [count: number, seconds: number])[]): number {
  const logs = points.map(([count, seconds]) => [Math.log(count), Math.log(seconds)] as const);
  const mean = (at: 0 | 1) => logs.reduce((sum, pair) => sum + pair[at], 0) / logs.length;
  const [x, y] = [mean(0), mean(1)];
  const covariance = logs.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0);
  return covariance / logs.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
}

function measureGrowth(name: string, make: (count: number) => Uint8Array): readonly Row[] {
  secondsFor(make(counts[0]), 3);
  const points = counts.map((count) => [count, secondsFor(make(count), 3)] as const);
  const [most, seconds] = points[points.length - 1];
  const times = points.map(([count, time]) => `${count} in ${time.toFixed(2)} s`).join(", ");
  return [
    row(`${name}: exponent (${times})`, exponentOf(points), mostExponent, "most", ""),
    row(`${name}: 1,000 nodes of ${most}`, (1e6 * seconds) / most, (1e6 * points[0][1]) / counts[0], "of 1,000", "ms"),
  ];
}

/** What onnx2tf took for MobileNetV2, by megabytes and nodes. */
const onnx2tf = { against: "onnx2tf on MobileNetV2", perMegabyte: 4800 / 14, perThousandNodes: 4800 / 0.255 };

function measureModel(name: string, bytes: Uint8Array): readonly Row[] {
  const seconds = secondsFor(bytes, 4);
  const nodes = readOnnx(bytes).graph.nodes.length;
  const { against, perMegabyte, perThousandNodes } = onnx2tf;
  const size = (bytes.length / 1e6).toFixed(1);
  return [
    row(`${name}: each MB of ${size}`, (1e9 * seconds) / bytes.length, perMegabyte, against, "ms"),
    row(`${name}: 1,000 nodes of ${nodes}`, (1e6 * seconds) / nodes, perThousandNodes, against, "ms"),
  ];
}

/** Time of conversions to TFLite by megabytes and nodes of real models, and its growth in the number of nodes up to 20,000. */
export const convertGrowing: Benchmark = async () => {
  const present = realModels.map((name) => new URL(name, shared)).filter((url) => existsSync(url));
  return [
    ...Object.entries(syntheticGraphs).flatMap(([name, make]) => measureGrowth(name, make)),
    ...measureModel("DenseNet-121 without weights", denseNetModel()),
    ...present.flatMap((url) => measureModel(url.pathname.replace(/^.*\//, ""), new Uint8Array(readFileSync(url)))),
  ];
};
