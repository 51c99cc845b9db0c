import {
  type Attributes,
  DiagnosticError,
  fromNumbers,
  Graph,
  type Operator,
  perAxis,
  perTensor,
  type ValueType,
  zeros,
} from "@millrace/ir";
import * as ops from "@millrace/ops";
import { describe, expect, it } from "vitest";
import { exportTflite } from "./export.ts";

const eight = (scale: number, zeroPoint: number, shape: readonly number[] = [1, 4, 4, 2]): ValueType => ({
  dtype: "i8",
  shape,
  quantization: perTensor(scale, zeroPoint),
});
const real: ValueType = { dtype: "f32", shape: [1, 4, 4, 2] };

/** A node on inputs of the given types. */
function nodeOf(op: Operator, types: readonly ValueType[], attributes: Attributes, result?: ValueType): Graph {
  const graph = new Graph("refused");
  const inputs = types.map((type, index) => graph.addInput(`input${index}`, type));
  const node = graph.addNode({ op, inputs, attributes, name: "layer", ...(result && { outputTypes: [result] }) });
  graph.setOutputs(node.outputs);
  return graph;
}

function sentencesOf(graph: Graph): readonly string[] {
  try {
    exportTflite(graph);
    return [];
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    return error.diagnostics.map(({ message }) => message);
  }
}

const pooling = { kernel: [2, 2], stride: [1, 1], padding: [0, 0, 0, 0], layout: "last", activation: "none" };
const convolution = {
  stride: [1, 1],
  dilation: [1, 1],
  padding: [0, 0, 0, 0],
  groups: 1,
  layout: "last",
  activation: "none",
};
const none = { activation: "none" };

/** Rows picked from a matrix by constant indices. */
function picking(op: Operator, rows: readonly number[], attributes: Attributes): Graph {
  const graph = new Graph("refused");
  const data = graph.addInput("data", { dtype: "f32", shape: [4, 2] });
  const indices = graph.addConstant("indices", fromNumbers("i32", [rows.length, 1], rows));
  graph.setOutputs(graph.addNode({ op, inputs: [data, indices], attributes, name: "layer" }).outputs);
  return graph;
}

const cases: readonly (readonly [reason: string, graph: () => Graph])[] = [
  ["one of at least 1", () => nodeOf(ops.abs, [{ dtype: "f32", shape: ["N - 1"] }], {})],
  ["constant indices are within the data", () => picking(ops.gather, [0, -5, -1], { axis: 0 })],
  ["constant indices are within the data", () => picking(ops.gatherNd, [4], {})],
  ["32-bit floats", () => nodeOf(ops.abs, [{ dtype: "f16", shape: [2] }], {})],
  ["32-bit floats", () => nodeOf(ops.cast, [real], { to: "f64" })],
  ["channel-last", () => nodeOf(ops.averagePool2d, [real], { ...pooling, countPadding: false, layout: "first" })],
  [
    "a mean over integers has other padding",
    () =>
      nodeOf(
        ops.averagePool2d,
        [eight(1, 0)],
        { ...pooling, countPadding: false, padding: [1, 1, 0, 0] },
        eight(1, 0, [1, 4, 4, 2]),
      ),
  ],
  [
    "covers padding alone",
    () => nodeOf(ops.maxPool2d, [real], { ...pooling, kernel: [1, 2], dilation: [1, 6], padding: [0, 4, 0, 3] }),
  ],
  [
    "has constant weights",
    () =>
      nodeOf(ops.transposeConv2d, [real, { dtype: "f32", shape: [2, 2, 2, 2] }], {
        ...convolution,
        groups: 2,
        outputSize: [5, 5],
      }),
  ],
  [
    "by less than a stride",
    () =>
      nodeOf(ops.transposeConv2d, [real, { dtype: "f32", shape: [2, 2, 2, 2] }], {
        ...convolution,
        outputSize: [9, 5],
      }),
  ],
  [
    "an ELU of 16-bit integers falls to -1",
    () => nodeOf(ops.elu, [{ ...eight(1, 0), dtype: "i16" }], { alpha: 2 }, { ...eight(1, 0), dtype: "i16" }),
  ],
  ["it is the stored integers that would be", () => nodeOf(ops.cast, [eight(1, 0)], { to: "f32" })],
  [
    "at most 6 axes",
    () =>
      nodeOf(ops.transpose, [{ dtype: "f32", shape: [1, 2, 1, 2, 1, 2, 1] }], { permutation: [6, 5, 4, 3, 2, 1, 0] }),
  ],
  [
    "have at most 4 axes",
    () =>
      nodeOf(
        ops.less,
        [
          { dtype: "f32", shape: [2, 1, 2, 1, 2] },
          { dtype: "f32", shape: [2, 1, 2, 1] },
        ],
        {},
      ),
  ],
  ["its result is not quantized: TFLite has no int8 SIN", () => nodeOf(ops.sin, [eight(1, 0)], {}, eight(1, 0))],
  [
    "int8, uint8 or int16 with one scale",
    () =>
      nodeOf(ops.add, [eight(1, 0), eight(1, 0)], none, {
        dtype: "i8",
        shape: [1, 4, 4, 2],
        quantization: perAxis([1, 1], 3),
      }),
  ],
  [
    "with the quantization they came with",
    () => nodeOf(ops.reshape, [eight(1, 0)], { shape: [32] }, eight(1, 1, [32])),
  ],
  ["the scale 0.00390625 and the zero point -128", () => nodeOf(ops.sigmoid, [eight(1, 0)], {}, eight(1, 0))],
  [
    "both floats or both integers",
    () => nodeOf(ops.linear, [real, { dtype: "u8", shape: [3, 2], quantization: perTensor(1, 0) }], none),
  ],
];

describe("what TFLite can't express", () => {
  it.each(cases)("%s", (reason, graph) => {
    const sentences = sentencesOf(graph());
    expect(sentences.some((sentence) => sentence.includes(reason))).toBe(true);
    expect(
      sentences.filter((sentence) => !sentence.startsWith("Input")).every((sentence) => sentence.startsWith("layer (")),
    ).toBe(true);
  });

  it("asks for weights that are symmetric", () => {
    const weights = (zeroPoint: number): ValueType => ({
      dtype: "i8",
      shape: [3, 2],
      quantization: perTensor(1, zeroPoint),
    });
    const graph = (zeroPoint: number) =>
      nodeOf(ops.linear, [eight(1, 0, [1, 2]), weights(zeroPoint)], none, eight(1, 0, [1, 3]));
    expect(sentencesOf(graph(0))).toEqual([]);
    expect(sentencesOf(graph(1))).toEqual([expect.stringContaining("zero points of 0")]);
  });

  it("asks for the bias that integer data need", () => {
    const graph = new Graph("bias");
    const x = graph.addInput("x", eight(1, 0, [1, 2]));
    const weights = graph.addConstant("w", zeros("i8", [3, 2]), perTensor(1, 0));
    const bias = graph.addConstant("b", fromNumbers("f32", [3], [1, 2, 3]));
    const node = graph.addNode({
      op: ops.linear,
      inputs: [x, weights, bias],
      attributes: none,
      outputTypes: [eight(1, 0, [1, 3])],
    });
    graph.setOutputs(node.outputs);
    expect(sentencesOf(graph)).toEqual([expect.stringContaining("the bias of int8 data is int32")]);
  });

  it("is nothing about data that are not broadcast, whatever their axes", () => {
    const deep: ValueType = { dtype: "f32", shape: [1, 2, 1, 2, 1] };
    expect(sentencesOf(nodeOf(ops.less, [deep, deep], {}))).toEqual([]);
  });
});
