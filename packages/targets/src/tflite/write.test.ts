import { metadataBytes, packInt4 } from "@millrace/formats/tflite";
import { fromNumbers, Graph, perAxis, perTensor } from "@millrace/ir";
import { add, conv2d, linear, mul, pad } from "@millrace/ops";
import { describe, expect, it } from "vitest";
import { exportTflite } from "./export.ts";
import { throughFile } from "./graphs.testing.ts";

/** y = x · w + w, with the same constant twice under one name and once under another. */
function sharing(): Graph {
  const graph = new Graph("sharing");
  const x = graph.addInput("x", { dtype: "f32", shape: [2, 3] });
  const tensor = fromNumbers("f32", [3], [1, 2, 3]);
  const [w, v] = [graph.addConstant("w", tensor), graph.addConstant("v", tensor)];
  const product = graph.addNode({ op: mul, inputs: [x, w], attributes: { activation: "none" }, name: "product" });
  const sum = graph.addNode({
    op: add,
    inputs: [product.outputs[0], w],
    attributes: { activation: "relu" },
    name: "sum",
  });
  const last = graph.addNode({
    op: add,
    inputs: [sum.outputs[0], v],
    attributes: { activation: "none" },
    name: "last",
  });
  graph.setOutputs([last.outputs[0], sum.outputs[0]], ["result", "inner"]);
  return graph;
}

describe("the file of a graph", () => {
  it("names tensors, inputs and outputs, and says who wrote it", () => {
    const { model } = exportTflite(sharing());
    const [{ name, tensors, inputs, outputs }] = model.subgraphs;
    expect(name).toBe("sharing");
    expect(model.description).toBe("Millrace");
    expect(tensors.map((tensor) => tensor.name)).toEqual(["x", "w", "product", "sum", "v", "last"]);
    expect(inputs).toEqual([0]);
    expect(outputs).toEqual([5, 3]);
    expect(model.signatureDefs).toEqual([
      {
        signatureKey: "serving_default",
        inputs: [{ name: "x", tensorIndex: 0 }],
        outputs: [
          { name: "result", tensorIndex: 5 },
          { name: "inner", tensorIndex: 3 },
        ],
        subgraphIndex: 0,
      },
    ]);
    expect(tensors.every(({ shapeSignature }) => shapeSignature === undefined)).toBe(true);
    expect(exportTflite(sharing(), { description: "mine" }).model.description).toBe("mine");
  });

  it("stores data that constants share once, at multiples of 16, and nothing for other tensors", () => {
    const { model, bytes } = exportTflite(sharing());
    const buffers = model.subgraphs[0].tensors.map(({ buffer }) => buffer);
    expect(buffers).toEqual([0, 1, 0, 0, 1, 0]);
    expect(model.buffers[0].data).toBeUndefined();
    for (const { data } of model.buffers) if (data) expect((data.byteOffset - bytes.byteOffset) % 16).toBe(0);
  });

  it("says which runtime is needed", () => {
    const version = (graph: Graph) =>
      new TextDecoder().decode(metadataBytes(exportTflite(graph).model, "min_runtime_version")!);
    expect(version(sharing()).replaceAll("\0", "")).toBe("1.5.0");
    const graph = new Graph("four bits");
    const x = graph.addInput("x", { dtype: "i8", shape: [1, 3], quantization: perTensor(0.5, 1) });
    const values = fromNumbers("i4", [2, 3], [-8, 7, 1, -1, 0, 3]);
    const weights = graph.addConstant("w", values, perAxis([0.1, 0.2], 0));
    const type = { dtype: "i8", shape: [1, 2], quantization: perTensor(1, 0) } as const;
    const node = graph.addNode({
      op: linear,
      inputs: [x, weights],
      attributes: { activation: "none" },
      outputTypes: [type],
    });
    graph.setOutputs(node.outputs);
    expect(version(graph).replaceAll("\0", "")).toBe("2.11.0");
    const { model } = exportTflite(graph);
    expect(model.buffers[1].data).toEqual(packInt4([-8, 7, 1, -1, 0, 3]));
    expect(model.operatorCodes).toMatchObject([{ builtinCode: "FULLY_CONNECTED", version: 10 }]);
    expect(model.subgraphs[0].tensors[1].quantization).toMatchObject({ zeroPoint: [0n, 0n], quantizedDimension: 0 });
    expect(model.subgraphs[0].operators[0].inputs).toEqual([0, 1, -1]);
  });

  it("has depthwise weights with channels last, and their scales with them", () => {
    const graph = new Graph("depthwise");
    const x = graph.addInput("x", { dtype: "i8", shape: [1, 2, 2, 2], quantization: perTensor(0.5, 1) });
    const weights = graph.addConstant("w", fromNumbers("i8", [2, 1, 2, 1], [1, 2, 3, 4]), perAxis([0.25, 0.5], 0));
    const attributes = {
      stride: [1, 1],
      dilation: [1, 1],
      padding: [0, 0, 0, 0],
      groups: 2,
      layout: "last",
      activation: "none",
    };
    const type = { dtype: "i8", shape: [1, 2, 1, 2], quantization: perTensor(1, 0) } as const;
    const node = graph.addNode({ op: conv2d, inputs: [x, weights], attributes, name: "y", outputTypes: [type] });
    graph.setOutputs(node.outputs);
    const { model } = exportTflite(graph);
    const [, w, bias] = model.subgraphs[0].operators[0].inputs.map((index) => model.subgraphs[0].tensors[index]);
    expect(w).toMatchObject({
      name: "w",
      shape: [1, 1, 2, 2],
      quantization: { scale: [0.25, 0.5], quantizedDimension: 3 },
    });
    expect(Array.from(model.buffers[w.buffer].data!)).toEqual([1, 3, 2, 4]);
    expect(bias).toMatchObject({ name: "y/bias", type: "INT32", quantization: { scale: [0.125, 0.25] } });
    const [again] = throughFile(graph).nodes();
    expect(again.inputs[1]!.type).toEqual(weights.type);
    expect(Array.from(again.inputs[1]!.constant!.data as Int8Array)).toEqual([1, 2, 3, 4]);
  });

  it("pads quantized data with stored numbers", () => {
    const graph = new Graph("padded");
    const quantization = perTensor(0.5, 10);
    const x = graph.addInput("x", { dtype: "i8", shape: [2], quantization });
    const type = { dtype: "i8", shape: [4], quantization } as const;
    const attributes = { before: [1], after: [1], mode: "constant", value: -3.25 };
    graph.setOutputs(graph.addNode({ op: pad, inputs: [x], attributes, outputTypes: [type] }).outputs);
    const { model } = exportTflite(graph);
    const value = model.subgraphs[0].tensors[model.subgraphs[0].operators[0].inputs[2]];
    expect(value).toMatchObject({ type: "INT8", shape: [], quantization: { scale: [0.5], zeroPoint: [10n] } });
    expect(Array.from(new Int8Array(model.buffers[value.buffer].data!))).toEqual([3]);
  });
});
