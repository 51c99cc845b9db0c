import { numbersOf, toFloat16 } from "@millrace/ir";
import { describe, expect, it } from "vitest";
import { importTflite } from "./import.ts";
import { indices, linesOf, type OperatorSketch, problemsOf, sketch, type TensorSketch } from "./models.testing.ts";

const image: TensorSketch = { name: "image", shape: [1, 6, 6, 2] };
const quantized = { scale: [0.5], zeroPoint: [3n] };
const convolution = { kind: "Conv2DOptions", padding: "SAME", strideW: 2, strideH: 1 } as const;

function floats(name: string, shape: readonly number[], start = 1): TensorSketch {
  const count = shape.reduce((a, b) => a * b, 1);
  return { name, shape, data: Float32Array.from({ length: count }, (_, index) => start + index) };
}

describe("import of TFLite", () => {
  it("makes padding explicit and keeps names", () => {
    const model = sketch(
      [image, floats("kernel", [3, 3, 2, 2]), floats("bias", [3]), { name: "y", shape: [1, 6, 3, 3] }],
      [
        {
          builtin: "CONV_2D",
          inputs: [0, 1, 2],
          outputs: [3],
          options: { ...convolution, fusedActivationFunction: "RELU6" },
        },
      ],
    );
    const { graph, diagnostics } = importTflite(model);
    expect(diagnostics).toEqual([]);
    expect(linesOf(graph)).toEqual(["conv2d(image, kernel, bias) -> y"]);
    const [{ attributes, origin, outputs }] = graph.nodes();
    expect(attributes).toEqual({
      stride: [1, 2],
      dilation: [1, 1],
      padding: [1, 0, 1, 0],
      groups: 1,
      layout: "last",
      activation: "relu6",
    });
    expect(origin).toEqual(["y"]);
    expect(outputs[0].type.shape).toEqual([1, 6, 3, 3]);
  });

  it("takes names of inputs and outputs from the signature", () => {
    const signature = {
      signatureKey: "serving_default",
      inputs: [{ name: "a", tensorIndex: 0 }],
      outputs: [{ name: "b", tensorIndex: 1 }],
    };
    const model = sketch([image, { name: "y", shape: [1, 6, 6, 2] }], [{ builtin: "ABS", inputs: [0], outputs: [1] }], {
      signatureDefs: [signature],
    });
    const { graph } = importTflite(model, { name: "named" });
    expect(graph.name).toBe("named");
    expect(graph.inputs.map(({ name }) => name)).toEqual(["a"]);
    expect(graph.outputs.map(({ name }) => name)).toEqual(["y"]);
    expect(graph.outputNames).toEqual(["b"]);
  });

  it("turns depthwise weights into those of a grouped convolution, with their quantization", () => {
    const weights = Int8Array.from({ length: 16 }, (_, index) => index);
    const model = sketch(
      [
        { ...image, type: "INT8", quantization: quantized },
        {
          name: "w",
          type: "INT8",
          shape: [1, 2, 2, 4],
          data: weights,
          quantization: { scale: [1, 2, 3, 4], zeroPoint: [0n], quantizedDimension: 3 },
        },
        {
          name: "b",
          type: "INT32",
          shape: [4],
          data: new Int32Array(4),
          quantization: { scale: [1, 2, 3, 4], quantizedDimension: 3 },
        },
        { name: "y", type: "INT8", shape: [1, 5, 5, 4], quantization: quantized },
      ],
      [
        {
          builtin: "DEPTHWISE_CONV_2D",
          inputs: [0, 1, 2],
          outputs: [3],
          options: { kind: "DepthwiseConv2DOptions", padding: "VALID", strideW: 1, strideH: 1, depthMultiplier: 2 },
        },
      ],
    );
    const [node] = importTflite(model).graph.nodes();
    const [, w, b] = node.inputs;
    expect(node.attributes["groups"]).toBe(2);
    expect(w!.name).toBe("w");
    expect(w!.type).toEqual({
      dtype: "i8",
      shape: [4, 2, 2, 1],
      quantization: { scale: [1, 2, 3, 4], zeroPoint: [0, 0, 0, 0], axis: 0 },
    });
    expect(Array.from(numbersOf(w!.constant!))).toEqual([0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15]);
    expect(b!.type.quantization?.axis).toBe(0);
  });

  it("gives an integer bias without a scale that of data times weights", () => {
    const model = sketch(
      [
        { name: "x", type: "INT8", shape: [1, 2], quantization: quantized },
        {
          name: "w",
          type: "INT8",
          shape: [2, 2],
          data: new Int8Array(4),
          quantization: { scale: [0.25], zeroPoint: [0n] },
        },
        { name: "b", type: "INT32", shape: [2], data: new Int32Array(2) },
        { name: "y", type: "INT8", shape: [1, 2], quantization: quantized },
      ],
      [{ builtin: "FULLY_CONNECTED", inputs: [0, 1, 2], outputs: [3], options: { kind: "FullyConnectedOptions" } }],
    );
    const [node] = importTflite(model).graph.nodes();
    expect(node.inputs[2]!.name).toBe("b");
    expect(node.inputs[2]!.type.quantization).toEqual({ scale: [0.125], zeroPoint: [0] });
  });

  it("flattens what a fully connected layer sees as rows", () => {
    const tensors = [image, floats("w", [5, 12]), { name: "y", shape: [6, 5] }];
    const layer: OperatorSketch = {
      builtin: "FULLY_CONNECTED",
      inputs: [0, 1, -1],
      outputs: [2],
      options: { kind: "FullyConnectedOptions" },
    };
    expect(linesOf(importTflite(sketch(tensors, [layer])).graph)).toEqual([
      "reshape(image) -> y/reshape",
      "linear(y/reshape, w, -) -> y",
    ]);
  });

  it("packs and unpacks by reshapes", () => {
    const model = sketch(
      [
        { name: "a", shape: [2, 3] },
        { name: "b", shape: [2, 3] },
        { name: "packed", shape: [2, 2, 3] },
        { name: "first", shape: [2, 2] },
        { name: "second", shape: [2, 2] },
        { name: "third", shape: [2, 2] },
      ],
      [
        { builtin: "PACK", inputs: [0, 1], outputs: [2], options: { kind: "PackOptions", axis: 1, valuesCount: 2 } },
        { builtin: "UNPACK", inputs: [2], outputs: [3, 4, 5], options: { kind: "UnpackOptions", axis: -1, num: 3 } },
      ],
    );
    const { graph } = importTflite(model);
    expect(linesOf(graph)).toEqual([
      "reshape(a) -> packed/part0",
      "reshape(b) -> packed/part1",
      "concat(packed/part0, packed/part1) -> packed",
      "split(packed) -> first/split, first/split:1, first/split:2",
      "reshape(first/split) -> first",
      "reshape(first/split:1) -> second",
      "reshape(first/split:2) -> third",
    ]);
    expect(graph.outputs.map(({ type }) => type.shape)).toEqual([
      [2, 2],
      [2, 2],
      [2, 2],
    ]);
  });

  it("knows shapes that operators compute", () => {
    const strided = { kind: "StridedSliceOptions", shrinkAxisMask: 1 } as const;
    const model = sketch(
      [
        image,
        { name: "shape", type: "INT32", shape: [4] },
        indices(0),
        indices(1),
        indices(1),
        { name: "batch", type: "INT32", shape: [] },
        { name: "open", type: "INT32", shape: [], data: Int32Array.of(-1) },
        { name: "target", type: "INT32", shape: [2] },
        { name: "flat", shape: [1, 72] },
      ],
      [
        { builtin: "SHAPE", inputs: [0], outputs: [1], options: { kind: "ShapeOptions", outType: "INT32" } },
        { builtin: "STRIDED_SLICE", inputs: [1, 2, 3, 4], outputs: [5], options: strided },
        { builtin: "PACK", inputs: [5, 6], outputs: [7], options: { kind: "PackOptions", valuesCount: 2 } },
        { builtin: "RESHAPE", inputs: [0, 7], outputs: [8] },
      ],
    );
    const { graph } = importTflite(model);
    expect(linesOf(graph)).toEqual(["reshape(image) -> flat"]);
    expect(graph.outputs[0].type.shape).toEqual([1, 72]);
  });

  it("widens constants of half precision at once, and data by a cast", () => {
    const half = Uint16Array.from([1, -2, 0.5], toFloat16);
    const model = sketch(
      [
        { name: "h", type: "FLOAT16", shape: [3], data: half },
        { name: "w", shape: [3] },
        { name: "x", shape: [3] },
        { name: "y", shape: [3] },
      ],
      [
        { builtin: "DEQUANTIZE", inputs: [0], outputs: [1] },
        { builtin: "MUL", inputs: [2, 1], outputs: [3] },
      ],
    );
    const [node] = importTflite(model).graph.nodes();
    expect(node.op.name).toBe("mul");
    expect(node.inputs[1]!.name).toBe("w");
    expect(Array.from(numbersOf(node.inputs[1]!.constant!))).toEqual([1, -2, 0.5]);
  });

  it("warns where the file states another shape than there will be", () => {
    const model = sketch([image, { name: "y", shape: [9] }], [{ builtin: "ABS", inputs: [0], outputs: [1] }]);
    const { graph, diagnostics } = importTflite(model);
    expect(graph.outputs[0].type.shape).toEqual([1, 6, 6, 2]);
    expect(diagnostics.map(({ code, severity }) => [code, severity])).toEqual([["tflite.stated-shape", "warning"]]);
  });

  it("lists all operators it can't import, and nothing that only follows from them", () => {
    const model = sketch(
      [
        image,
        { name: "a", shape: [] },
        { name: "b", shape: [] },
        { name: "c", shape: [] },
        floats("w", [5, 7]),
        { name: "d", shape: [] },
      ],
      [
        { builtin: "CUSTOM", custom: "Detect", inputs: [0], outputs: [1] },
        { builtin: "CONV_2D", inputs: [1, 4], outputs: [2], options: convolution },
        { builtin: "RNN", inputs: [2], outputs: [3] },
        { builtin: "TANH", inputs: [3, 0], outputs: [5] },
      ],
    );
    expect(problemsOf(model).map(({ code, message, at }) => [code, message.split(" can't")[0], at])).toEqual([
      ["tflite.unknown-operator", 'Operator 0 (CUSTOM Detect), which makes "a",', { node: "a" }],
      ["tflite.unknown-operator", 'Operator 2 (RNN), which makes "c",', { node: "c" }],
    ]);
  });
});
