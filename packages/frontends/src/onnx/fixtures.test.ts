import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { readNpy } from "@millrace/formats/npy";
import { decodeTensor, readOnnx, readTensorProto } from "@millrace/formats/onnx";
import {
  elementCount,
  fromNumbers,
  type Graph,
  numbersOf,
  printShape,
  type Tensor,
  tensorOf,
  verify,
} from "@millrace/ir";
import { transposeTensor } from "@millrace/ops";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-web";
import { describe, expect, it } from "vitest";
import { evaluateGraph } from "./evaluate.testing.ts";
import { type ImportOptions, importOnnx } from "./import.ts";

const shared = new URL("../../../../../shared/", import.meta.url);
const absent = !existsSync(shared);
const read = (path: string) => new Uint8Array(readFileSync(new URL(path, shared)));
const graphOf = (path: string, options?: ImportOptions) => importOnnx(readOnnx(read(path)), options).graph;

function array(path: string): Tensor {
  const { shape, data } = readNpy(read(path));
  return fromNumbers("f32", shape, Float64Array.from(data as Float32Array));
}

function expectClose(actual: Tensor, expected: Tensor): void {
  expect(actual.shape).toEqual(expected.shape);
  const [values, wanted] = [numbersOf(actual), Array.from(numbersOf(expected))];
  const size = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
  const difference = wanted.reduce((most, value, index) => Math.max(most, Math.abs(value - values[index])), 0);
  expect(difference).toBeLessThan(1e-4 * size);
}

/** Rows `start` to `end` along the first axis. */
function rows({ dtype, shape: [, ...rest], data }: Tensor, start: number, end: number): Tensor {
  const row = elementCount(rest);
  return tensorOf(dtype, [end - start, ...rest], data.subarray(start * row, end * row));
}

/** Runs the graph on as many rows as its input holds, two if that is open. */
function expectRows(graph: Graph, inputs: Tensor, outputs: Tensor): void {
  const [size] = graph.inputs[0].type.shape;
  const end = typeof size === "number" ? size : 2;
  const [result] = evaluateGraph(graph, [rows(inputs, 0, end)]);
  expectClose(result, rows(outputs, 0, end));
}

const structural = [
  "mobilenetv3_small/mobilenetv3_small.opset13",
  "resnet18/resnet18.opset13",
  "unet/unet.dynamo18",
  "yolo_like/yolo_like.dynamo18",
].map((name) => `structural/${name}`);

const goldens: readonly (readonly [string, string, string])[] = [
  ["digits/digits", "digits/golden_in", "digits/golden_out"],
  ["digits/digits_opset13", "digits/golden_in", "digits/golden_out"],
  ["vibration/autoencoder", "vibration/autoencoder_golden_in", "vibration/autoencoder_golden_out"],
  ["vibration/autoencoder_opset13", "vibration/autoencoder_golden_in", "vibration/autoencoder_golden_out"],
  ...structural.map((path) => [path, path.replace(/[^/]*$/, "x"), path.replace(/[^/]*$/, "y")] as const),
  ...["dscnn_kws", "resnet8", "unet_tiny", "tcn"].map(
    (name) => [`torch26/${name}`, `torch26/${name}.in`, `torch26/${name}.out`] as const,
  ),
  ...["dscnn_kws", "resnet8", "tcn"].map(
    (name) => [`onnx_functions/${name}.dynamo`, `onnx_functions/${name}.in`, `onnx_functions/${name}.out`] as const,
  ),
];

const tiny: readonly (readonly [string, readonly string[]])[] = [
  ["kws_dscnn", ["kws.dynamo18", "kws.opset13", "kws.dynbatch.dynamo20", "kws.dynbatch.opset13"]],
  ["ic_resnet8", ["ic.dynamo18", "ic.opset13", "ic.opset13.bn_kept", "ic.dynbatch.dynamo20", "ic.dynbatch.opset13"]],
  ["ad01", ["ad.dynamo18", "ad.opset13"]],
];

describe.skipIf(absent)("fixtures (absent without the shared folder)", () => {
  it.each(goldens)("%s gives what its framework gave", (path, inputs, outputs) => {
    const graph = graphOf(`fixtures/${path}.onnx`);
    expect(verify(graph)).toEqual([]);
    expectRows(graph, array(`fixtures/${inputs}.npy`), array(`fixtures/${outputs}.npy`));
  });

  it.each(tiny.flatMap(([folder, names]) => names.map((name) => [folder, name] as const)))(
    "mlperf/%s/%s gives what its framework gave",
    (folder, name) => {
      const graph = graphOf(`fixtures/mlperf/${folder}/${name}.onnx`);
      const stored = array(`fixtures/mlperf/${folder}/x8_nhwc.npy`);
      const inputs = stored.shape.length === 4 ? transposeTensor(stored, [0, 3, 1, 2]) : stored;
      expectRows(graph, inputs, array(`fixtures/mlperf/${folder}/y8_float.npy`));
    },
  );

  it.each([
    ["fixtures/structural/swin_micro/swin_micro.dynamo18", "[1,100]"],
    ["fixtures/structural/unet/unet.opset13", "[1,2,64,64]"],
    ["fixtures/structural/yolo_like/yolo_like.opset13", "[1,9,320]"],
    ["fixtures/trained/vit_sdpa_p7/vit_sdpa_p7.opset17", "[1,10]"],
    ["assets/onnx_models/ultraface_rfb_320", "[1,4420,2] [1,4420,4]"],
    ["assets/onnx_models/st_ssd_mobilenet_v1_025_256", "[n,6825,2] [n,6825,4] [n,6825,4]"],
  ])("%s is imported without shape arithmetic", (path, shapes) => {
    const graph = graphOf(`${path}.onnx`);
    const [size] = graph.inputs[0].type.shape;
    const printed = graph.outputs.map(({ type }) =>
      printShape(type.shape).replace(`${size},`, size === 1 ? "1," : "n,"),
    );
    expect(printed.join(" ")).toBe(shapes);
    expect([...graph.nodes()].filter(({ op }) => op.name === "shapeOf")).toEqual([]);
    expect(verify(graph)).toEqual([]);
  });

  it("MobileNetV2 is as many convolutions as it should be, without shape arithmetic", () => {
    const graph = graphOf("fixtures/mobilenetv2/mnv2_1.0_224_tf1qat.opset13.onnx");
    const names = [...graph.nodes()].map(({ op }) => op.name);
    expect(names.filter((name) => name === "conv2d")).toHaveLength(52);
    expect(new Set(names)).toEqual(new Set(["pad", "conv2d", "clamp", "add", "mean", "reshape", "linear"]));
    expect(graph.outputs[0].type.shape).toEqual([1, 1001]);
  });

  it("mnist-8 gives the output beside it", () => {
    const stored = (path: string) => {
      const { dims, data } = decodeTensor(readTensorProto(read(path)));
      return tensorOf("f32", dims, data as Float32Array);
    };
    const [result] = evaluateGraph(graphOf("assets/onnx_models/mnist-8.onnx"), [
      stored("assets/onnx_models/mnist-8_input_0.pb"),
    ]);
    expectClose(result, stored("assets/onnx_models/mnist-8_output_0.pb"));
  });

  it("a model of opset 6 and another shape is imported", () => {
    const graph = graphOf("assets/onnx_models/hls4ml_three_layer_pytorch.onnx", { shapes: new Map([["0", [3, 16]]]) });
    expect(graph.outputs[0].type.shape).toEqual([3, 5]);
    expect(verify(graph)).toEqual([]);
  });
});

describe.skipIf(absent)("against onnxruntime-web (absent without the shared folder)", () => {
  it.each([
    ["assets/onnx_models/mnist_burn", undefined],
    ["assets/onnx_models/mobilenet_v2_0.35_128_flowers", undefined],
    ["assets/onnx_models/ch_ppocr_mobile_v2.0_cls", { shapes: new Map([["x", [2, 3, 48, 64]]]) }],
    ["fixtures/peers/kws_ort_minmax_qdq", undefined],
  ] as const)("%s gives the same", async (path, options) => {
    const bytes = read(`${path}.onnx`);
    const { graph } = importOnnx(readOnnx(bytes), options);
    expect(verify(graph)).toEqual([]);
    const inputs = graph.inputs.map(({ type }) => {
      const shape = type.shape.map((size) => (typeof size === "number" ? size : 1));
      return fromNumbers(
        "f32",
        shape,
        Float64Array.from({ length: elementCount(shape) }, (_, at) => Math.sin(at * at)),
      );
    });
    const feeds = graph.inputs.map(
      ({ name }, index) =>
        [name, new OrtTensor("float32", inputs[index].data as Float32Array, inputs[index].shape)] as const,
    );
    const session = await InferenceSession.create(bytes, { logSeverityLevel: 4, graphOptimizationLevel: "disabled" });
    const expected = await session.run(Object.fromEntries(feeds));
    evaluateGraph(graph, inputs).forEach((result, index) => {
      const { dims, data } = expected[graph.outputNames[index]];
      expectClose(result, tensorOf("f32", dims, data as Float32Array));
    });
  });
});

describe.skipIf(absent)("light models (absent without the shared folder)", () => {
  const archive = absent ? new Map() : tarOf(gunzipSync(read("assets/conformance/onnx_light.tar.gz")));
  const names = [...archive.keys()].filter((name) => name.endsWith(".onnx"));

  it("are six", () => expect(names).toHaveLength(6));

  it.each(names)("%s is imported, with weights that a node makes", (name) => {
    const { graph } = importOnnx(readOnnx(archive.get(name)!));
    expect(graph.inputs).toHaveLength(1);
    expect(graph.outputs.map(({ type }) => elementCount(type.shape))).toEqual([1000]);
    expect([...graph.nodes()].every(({ op, inputs }) => op.name !== "conv2d" || inputs[1]?.constant)).toBe(true);
  });
});

/** Files of a tar archive by name. */
function tarOf(bytes: Uint8Array): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const field = (at: number, length: number) =>
    new TextDecoder().decode(bytes.subarray(at, at + length)).split("\0")[0];
  for (let at = 0; at + 512 <= bytes.length && bytes[at] !== 0; ) {
    const size = Number.parseInt(field(at + 124, 12), 8);
    files.set(field(at, 100), bytes.slice(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}
