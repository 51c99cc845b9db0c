import { DiagnosticError, fromNumbers, Graph, numbersOf, perTensor, type Quantization } from "@millrace/ir";
import { abs, clamp, conv2d, maxPool2d, pad, quantize, shapeOf } from "@millrace/ops";
import { describe, expect, it } from "vitest";
import { exportTflite } from "./export.ts";
import { oneNode, operatorsOf, randomTensor, resultsOf, throughFile } from "./graphs.testing.ts";
import { leastReal } from "./legalize/padding.ts";
import { legalizeCases } from "./legalize-cases.testing.ts";

describe("what TFLite spells differently", () => {
  it.each(legalizeCases)("$name becomes $becomes and keeps its meaning", ({ graph, becomes, x }) => {
    const original = graph();
    expect(operatorsOf(original)).toEqual(becomes);
    const [expected, actual] = [resultsOf(original, x), resultsOf(throughFile(original), x)];
    expect(actual.map(({ dtype, shape }) => ({ dtype, shape }))).toEqual(
      expected.map(({ dtype, shape }) => ({ dtype, shape })),
    );
    actual.forEach((tensor, index) => {
      const [a, b] = [numbersOf(tensor), numbersOf(expected[index])];
      for (let at = 0; at < b.length; at++)
        expect(Math.abs(a[at] - b[at])).toBeLessThan(1e-5 * Math.max(1, Math.abs(b[at])));
    });
  });

  it("keeps the name and the origin of what it replaces", () => {
    const graph = new Graph("one");
    const x = graph.addInput("x", { dtype: "f32", shape: [3] });
    const node = graph.addNode({ op: clamp, inputs: [x], attributes: { minimum: 0, maximum: 3 }, name: "bounded" });
    graph.setOutputs(node.outputs, ["result"]);
    const again = throughFile(graph);
    expect(again.outputs[0].name).toBe("bounded");
    expect(again.outputNames).toEqual(["result"]);
    expect([...again.nodes()].map(({ name }) => name)).toEqual(["bounded/maximum", "bounded"]);
  });

  it("makes a shape that is known a constant, and a copy of it the output", () => {
    const graph = oneNode(shapeOf, [randomTensor([2, 3, 4])], { start: 1, end: 3 });
    expect(operatorsOf(graph)).toEqual(["MAXIMUM"]);
    const [output] = throughFile(graph).outputs;
    expect(numbersOf(output.constant!)).toEqual(Float64Array.of(3, 4));
  });

  it("writes inputs, constants and values that are outputs already as outputs of their own", () => {
    const graph = new Graph("copies");
    const x = graph.addInput("x", { dtype: "f32", shape: [3] });
    const constant = graph.addConstant("c", fromNumbers("i32", [2], [5, 6]));
    const [y] = graph.addNode({ op: abs, inputs: [x], attributes: {}, name: "y" }).outputs;
    graph.setOutputs([x, y, constant, y], ["x", "y", "c", "again"]);
    const [{ operators, outputs }] = exportTflite(graph).model.subgraphs;
    expect(operatorsOf(graph)).toEqual(["ABS", "RESHAPE", "MAXIMUM", "RESHAPE"]);
    const made = operators.flatMap((operator) => operator.outputs);
    expect(new Set(outputs).size).toBe(4);
    expect(made).toEqual(expect.arrayContaining([...outputs]));
    const again = throughFile(graph);
    expect(again.outputNames).toEqual(["x", "y", "c", "again"]);
    const results = resultsOf(again, fromNumbers("f32", [3], [-1, 2, -3]));
    expect(results.map((tensor) => Array.from(numbersOf(tensor)))).toEqual([
      [-1, 2, -3],
      [1, 2, 3],
      [5, 6],
      [1, 2, 3],
    ]);
  });
});

/** A graph of one int8 node with the same quantization before and after, or another after. */
function quantizedNode(
  op: typeof maxPool2d | typeof clamp,
  attributes: Readonly<Record<string, unknown>>,
  before: Quantization,
  after: Quantization,
): Graph {
  const graph = new Graph("quantized");
  const x = graph.addInput("x", { dtype: "i8", shape: [1, 4, 4, 1], quantization: before });
  const inputs = [x];
  const [{ shape }] = op.infer(inputs, attributes as never);
  const outputTypes = [{ dtype: "i8", shape, quantization: after } as const];
  graph.setOutputs(graph.addNode({ op, inputs, attributes: attributes as never, name: "y", outputTypes }).outputs);
  return graph;
}

describe("int8 data", () => {
  const quantization = perTensor(0.5, 10);
  const pooling = {
    kernel: [3, 3],
    stride: [1, 1],
    dilation: [1, 1],
    padding: [2, 0, 0, 2],
    layout: "last",
    activation: "none",
  };

  it("is padded with the stored -128 before a maximum", () => {
    const again = throughFile(quantizedNode(maxPool2d, pooling, quantization, quantization));
    const [padding] = again.nodes();
    expect(padding.op).toBe(pad);
    expect(padding.outputs[0].type.quantization).toEqual(quantization);
    expect(pad.attributesOf(padding).value).toBe((-128 - 10) * 0.5);
    expect(leastReal(again.inputs[0])).toBe((-128 - 10) * 0.5);
  });

  it("is clamped with stored bounds, and rescaled where the result is", () => {
    const bounded = { minimum: -3, maximum: 1.25 };
    const same = exportTflite(quantizedNode(clamp, bounded, quantization, quantization)).model;
    const bounds = same.subgraphs[0].tensors.filter(({ name }) => name?.endsWith("est"));
    expect(bounds.map(({ buffer }) => Array.from(new Int8Array(same.buffers[buffer].data!)))).toEqual([[4], [13]]);
    const rescaled = quantizedNode(clamp, bounded, quantization, perTensor(0.25, 0));
    expect(operatorsOf(rescaled)).toEqual(["MAXIMUM", "MINIMUM", "QUANTIZE"]);
  });

  it("needs no bound that every stored number keeps", () => {
    expect(operatorsOf(quantizedNode(clamp, { minimum: -100, maximum: 2 }, quantization, quantization))).toEqual([
      "MINIMUM",
    ]);
  });

  it("has its zero point as padding of a convolution", () => {
    const graph = new Graph("quantized");
    const x = graph.addInput("x", { dtype: "i8", shape: [1, 5, 5, 2], quantization });
    const weights = graph.addConstant("w", fromNumbers("i8", [3, 3, 3, 2], new Array(54).fill(1)), perTensor(0.1, 0));
    const attributes = {
      stride: [2, 2],
      dilation: [1, 1],
      padding: [1, 1, 0, 0],
      groups: 1,
      layout: "last",
      activation: "none",
    };
    const outputTypes = [{ dtype: "i8", shape: [1, 2, 2, 3], quantization: perTensor(1, 0) } as const];
    graph.setOutputs(graph.addNode({ op: conv2d, inputs: [x, weights], attributes, name: "y", outputTypes }).outputs);
    expect(operatorsOf(graph)).toEqual(["PAD", "CONV_2D"]);
    const [padding] = throughFile(graph).nodes();
    expect(padding.outputs[0].type).toEqual({ dtype: "i8", shape: [1, 6, 6, 2], quantization });
  });
});

describe("export", () => {
  it("does not change the caller's graph", () => {
    for (const { graph } of legalizeCases) {
      const original = graph();
      const [node] = original.nodes();
      const { attributes, inputs } = node;
      exportTflite(original);
      expect([...original.nodes()]).toEqual([node]);
      expect(node.attributes).toBe(attributes);
      expect(node.inputs).toEqual(inputs);
    }
  });

  it("raises all problems together", () => {
    const graph = new Graph("problems");
    const x = graph.addInput("x", { dtype: "f32", shape: ["N", 4, 6, 6] });
    const pooling = {
      kernel: [2, 2],
      stride: [2, 2],
      dilation: [2, 1],
      padding: [0, 0, 0, 0],
      layout: "first",
      activation: "none",
    };
    const pooled = graph.addNode({ op: maxPool2d, inputs: [x], attributes: pooling, name: "pooled" });
    graph.setOutputs(pooled.outputs);
    expect(() => exportTflite(graph)).toThrow(DiagnosticError);
    try {
      exportTflite(graph);
    } catch (error) {
      const { diagnostics } = error as DiagnosticError;
      expect(diagnostics.map(({ at }) => at?.node ?? at?.value)).toEqual(["pooled", "pooled"]);
      expect(diagnostics.every(({ hint }) => hint)).toBe(true);
    }
  });
});

it("tells once of halves that a model rounds to even", () => {
  const graph = new Graph("halves");
  const quantized = ["a", "b"].map((name) => {
    const x = graph.addInput(name, { dtype: "f32", shape: [2] });
    const attributes = { dtype: "i8", scale: [1], zeroPoint: [0], axis: -1, rounding: "even" };
    return graph.addNode({ op: quantize, inputs: [x], attributes }).outputs[0];
  });
  graph.setOutputs(quantized);
  expect(exportTflite(graph).diagnostics).toMatchObject([{ code: "tflite.halves-away", severity: "info" }]);
});
